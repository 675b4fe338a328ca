import type { Construct } from 'constructs';
import { refuse } from '../kube/errors';

/** A model of a Hugging Face hub. */
export interface HuggingFaceOptions {
  /** Commit, 40 hex digits: branches and tags can move, and every download would then be of another model. */
  readonly revision: string;
  /**
   * Address of the hub.
   *
   * @default 'https://huggingface.co'
   */
  readonly endpoint?: string;
}

/** Where a cache takes its model from. */
export class ModelSource {
  /** The profile of the image: its manifest says where the files are. */
  public static profile(): ModelSource {
    return new ModelSource();
  }

  /**
   * A checkpoint of a hub that no manifest lists, such as a fine-tuned one. The image must have `huggingface-cli`, as this
   * project's has, and the Secret of the credentials the key `HF_TOKEN`, which may be empty.
   *
   * @param repository organization and name, such as `acme/llama-3.1-8b-support`
   * @param options its commit
   */
  public static huggingFace(repository: string, options: HuggingFaceOptions): ModelSource {
    return new ModelSource({ repository, endpoint: 'https://huggingface.co', ...options });
  }

  /**
   * A checkpoint that is in the store already: nothing is downloaded, there is no NIMCache, and the service mounts the folder,
   * for reading alone where the image is this project's.
   *
   * @param folder path of the folder with config.json, below the root of the store
   */
  public static inStore(folder: string): ModelSource {
    return new ModelSource(undefined, folder);
  }

  /** Organization and name on the hub. */
  public readonly repository?: string;
  /** Commit. */
  public readonly revision?: string;
  /** Address of the hub. */
  public readonly endpoint?: string;
  /** Folder of the store that holds the model already. */
  public readonly folder?: string;

  private constructor(hub?: HuggingFaceOptions & { repository: string }, folder?: string) {
    this.repository = hub?.repository;
    this.revision = hub?.revision;
    this.endpoint = hub?.endpoint;
    this.folder = folder;
  }

  /** @internal */
  public _check(scope: Construct): void {
    const { repository, revision, endpoint, folder } = this;
    if (repository !== undefined && !/^[\w.-]+\/[\w.-]+$/.test(repository)) {
      refuse(scope, {
        what: 'repository',
        given: repository,
        allowed: 'organization and name, with one slash between them',
        fix: "write ModelSource.huggingFace('acme/llama-3.1-8b-support', { revision: '...' })",
      });
    }
    if (revision !== undefined && !/^[0-9a-f]{40}$/.test(revision)) {
      refuse(scope, {
        what: 'revision',
        given: revision,
        allowed: 'a commit, 40 hex digits: a branch or tag can move to another model',
        fix: `copy the commit from the history of the model: ${endpoint}/${repository}/commits/main`,
      });
    }
    if (endpoint !== undefined && !/^https?:\/\/[^/\s]+/.test(endpoint)) {
      refuse(scope, {
        what: 'endpoint',
        given: endpoint,
        allowed: 'an address that begins with https:// or http://',
        fix: "leave it out for https://huggingface.co, or write endpoint: 'https://hub.example.com'",
      });
    }
    if (folder !== undefined && (!/^[\w.-]+(\/[\w.-]+)*$/.test(folder) || folder.split('/').includes('..'))) {
      refuse(scope, {
        what: 'folder',
        given: folder,
        allowed: "a path below the root of the store, of letters, digits, '.', '_', '-' and '/'",
        fix: "write ModelSource.inStore('llama-3.1-8b-instruct')",
      });
    }
  }
}
