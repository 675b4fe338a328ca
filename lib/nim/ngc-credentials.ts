import { ApiObject, Chart } from 'cdk8s';
import { Construct, type IDependable } from 'constructs';
import { applierOf } from '../kube/applier';
import { holdsKeyMaterial, refuse } from '../kube/errors';
import { ImageOwner } from '../plan';
import { guarded } from '../rules/checked';
import type { BoundCredentials } from './bound-credentials';
import type { ServingImage } from './serving-image';

/** Names of Secrets that exist in the namespace of the workloads. */
export interface NgcSecretNames {
  /**
   * Secret of type `kubernetes.io/dockerconfigjson` for `nvcr.io`: user `$oauthtoken`, password the NGC key.
   *
   * @default - none: the image is pulled by the login of the node, as from ECR
   */
  readonly pullSecret?: string;
  /** Secret with the key `NGC_API_KEY`, and `HF_TOKEN` where a model comes from a Hugging Face hub. */
  readonly authSecret: string;
}

/** Where a secret of Secrets Manager is. */
export interface SecretsManagerOptions {
  /**
   * Region of the secret.
   *
   * @default - the stack's region under a KubernetesScope; plain cdk8s knows no region and needs it
   */
  readonly region?: string;

  /**
   * Whether External Secrets Operator runs in the cluster already, by someone who lets it read the secret.
   *
   * @default false - NimPlatform installs it and lets it read
   */
  readonly existingExternalSecrets?: boolean;
}

/**
 * How NIM images and models are paid for with an NGC key, without the key ever standing in a manifest, a template or a
 * Helm value: only names are handed on.
 */
export abstract class NgcCredentials {
  /**
   * The key is the whole text of a secret in AWS Secrets Manager. External Secrets Operator, which must be in the
   * cluster with access to it, copies it into the two Secrets that NIM needs: `ngc-secret` and `ngc-api-secret`.
   *
   * @param secretName name of the secret, not the key
   * @param options its region
   */
  public static fromSecretsManager(secretName: string, options: SecretsManagerOptions = {}): NgcCredentials {
    return new SecretsManagerCredentials(secretName, options, NGC_KEY);
  }

  /** Secrets that exist, made by whatever the cluster uses for secrets. */
  public static fromSecretNames(names: NgcSecretNames): NgcCredentials {
    return new ExistingSecrets(names);
  }

  /**
   * No key: for this project's image and a model that anybody may download. The operator demands a Secret all the same
   * (NVIDIA/k8s-nim-operator 3.1.2), so one is made, `nim-placeholder`, whose values are no keys. There is no pull secret.
   */
  public static placeholder(): NgcCredentials {
    return new PlaceholderCredentials();
  }

  /**
   * A token of Hugging Face, for this project's image and a model that not everybody may download: the whole text of a secret
   * in AWS Secrets Manager. External Secrets Operator copies it into `hf-token`, beside a placeholder for the NGC key that the
   * operator demands. There is no pull secret.
   *
   * @param secretName name of the secret, not the token
   * @param options its region
   */
  public static huggingFaceFromSecretsManager(secretName: string, options: SecretsManagerOptions = {}): NgcCredentials {
    return new SecretsManagerCredentials(secretName, options, HUGGING_FACE_TOKEN);
  }

  /** Name of the secret that an External Secrets Operator must still be installed for, and be let read. */
  public abstract readonly unservedSecretName?: string;

  /** Region of that secret, where it is not the stack's. */
  public abstract readonly unservedSecretRegion?: string;

  /**
   * The Secrets in the namespace of a construct, made once for each chart.
   *
   * @internal
   */
  public abstract _bind(scope: Construct): BoundCredentials;

  /**
   * Whether they hold an NGC key, without which no NVIDIA image is pulled.
   *
   * @internal
   */
  protected readonly _ngcKey: boolean = true;

  /**
   * The variable under which people keep the key.
   *
   * @internal
   */
  public get _variable(): string {
    return this._ngcKey ? 'NGC_API_KEY' : 'HF_TOKEN';
  }

  /**
   * Refuses an image that these credentials cannot open.
   *
   * @internal
   */
  public _check(scope: Construct, image: ServingImage): void {
    if (!this._ngcKey && image.owner === ImageOwner.NVIDIA) {
      refuse(scope, {
        what: 'credentials',
        given: 'without an NGC key',
        allowed: `credentials with one for ${image.reference}`,
        fix: "write NgcCredentials.fromSecretsManager('ngc/api-key'), or use this project's image",
      });
    }
  }
}

class ExistingSecrets extends NgcCredentials {
  public readonly unservedSecretName = undefined;
  public readonly unservedSecretRegion = undefined;

  constructor(private readonly names: NgcSecretNames) {
    super();
  }

  public _bind(scope: Construct): BoundCredentials {
    if (this.names.pullSecret !== undefined) {
      checkSecretName(scope, 'pullSecret', this.names.pullSecret);
    }
    checkSecretName(scope, 'authSecret', this.names.authSecret);
    return this.names;
  }
}

/** The Secret that the operator demands, without a key in it. */
class PlaceholderCredentials extends NgcCredentials {
  public readonly unservedSecretName = undefined;
  public readonly unservedSecretRegion = undefined;
  /** @internal */
  protected readonly _ngcKey = false;

  public _bind(scope: Construct): BoundCredentials {
    const chart = Chart.of(scope);
    const made = chart.node.tryFindChild('PlaceholderCredentials') as ApiObject | undefined;
    const secret = made ?? placeholderSecret(chart);
    return { authSecret: secret.name, secrets: secret };
  }
}

const PLACEHOLDER = 'not-needed';

function placeholderSecret(chart: Chart): ApiObject {
  const secret = new ApiObject(chart, 'PlaceholderCredentials', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'nim-placeholder',
      annotations: {
        'nim-constructs/placeholder':
          'no key is needed: the NIM Operator demands a Secret with these entries all the same',
      },
    },
    // A hub refuses a token that it does not know, and takes an empty one for none.
    stringData: { NGC_API_KEY: PLACEHOLDER, HF_TOKEN: '' },
  });
  guarded(secret);
  return secret;
}

/** What External Secrets Operator makes of one secret of Secrets Manager. */
interface SyncedKey {
  /** Id below the chart. */
  readonly id: string;
  /** Name of the SecretStore. */
  readonly store: string;
  readonly pullSecret?: string;
  readonly authSecret: string;
  /** Entries of the Secret for the pods. */
  readonly entries: { readonly [name: string]: string };
  /** What the key is called and which factory takes it, for errors. */
  readonly noun: string;
  readonly factory: string;
}

const NGC_KEY: SyncedKey = {
  id: 'NgcCredentials',
  store: 'ngc',
  pullSecret: 'ngc-secret',
  authSecret: 'ngc-api-secret',
  entries: { NGC_API_KEY: '{{ .key }}' },
  noun: 'NGC key',
  factory: 'fromSecretsManager',
};

const HUGGING_FACE_TOKEN: SyncedKey = {
  id: 'HuggingFaceCredentials',
  store: 'hugging-face',
  authSecret: 'hf-token',
  entries: { NGC_API_KEY: PLACEHOLDER, HF_TOKEN: '{{ .key }}' },
  noun: 'Hugging Face token',
  factory: 'huggingFaceFromSecretsManager',
};

class SecretsManagerCredentials extends NgcCredentials {
  public readonly unservedSecretName?: string;
  public readonly unservedSecretRegion?: string;
  /** @internal */
  protected readonly _ngcKey: boolean;

  constructor(
    private readonly secretName: string,
    private readonly options: SecretsManagerOptions,
    private readonly synced: SyncedKey,
  ) {
    super();
    this.unservedSecretName = options.existingExternalSecrets ? undefined : secretName;
    this.unservedSecretRegion = options.region;
    this._ngcKey = synced === NGC_KEY;
  }

  public _bind(scope: Construct): BoundCredentials {
    if (holdsKeyMaterial(this.secretName)) {
      refuseKey(scope, 'secret name', this.secretName);
    }
    const region = this.options.region ?? applierOf(scope).region;
    if (!region) {
      refuse(scope, {
        what: 'region of the secret',
        given: region,
        allowed: 'a region name',
        fix: `write NgcCredentials.${this.synced.factory}('${this.secretName}', { region: 'us-west-2' })`,
      });
    }
    const chart = Chart.of(scope);
    const made = chart.node.tryFindChild(this.synced.id) as SyncedSecrets | undefined;
    if (made && (made.key !== this.secretName || made.region !== region)) {
      refuse(scope, {
        what: 'credentials',
        given: `${this.secretName} in ${region}`,
        allowed: `${made.key} in ${made.region}, which this namespace has already`,
        fix: `use one ${this.synced.noun} in a namespace, or put the workload into a namespace of its own`,
      });
    }
    return made ?? new SyncedSecrets(chart, this.synced, this.secretName, region);
  }
}

/** The objects of External Secrets Operator (external-secrets.io/v1) that copy the key. */
class SyncedSecrets extends Construct implements BoundCredentials {
  public readonly pullSecret?: string;
  public readonly authSecret: string;
  public readonly secrets: IDependable;

  constructor(
    chart: Chart,
    { id, store: storeName, pullSecret, authSecret, entries }: SyncedKey,
    public readonly key: string,
    public readonly region: string,
  ) {
    super(chart, id);
    this.pullSecret = pullSecret;
    this.authSecret = authSecret;
    const store = new ApiObject(this, 'Store', {
      apiVersion: 'external-secrets.io/v1',
      kind: 'SecretStore',
      metadata: { name: storeName },
      // No `auth`: the operator's own Pod Identity reads the secret.
      spec: { provider: { aws: { service: 'SecretsManager', region } } },
    });
    guarded(store);
    const synced = (child: string, name: string, template: object) => {
      const secret = new ApiObject(this, child, {
        apiVersion: 'external-secrets.io/v1',
        kind: 'ExternalSecret',
        metadata: { name },
        spec: {
          refreshInterval: '1h',
          secretStoreRef: { kind: 'SecretStore', name: store.name },
          data: [{ secretKey: 'key', remoteRef: { key } }],
          target: { name, creationPolicy: 'Owner', template },
        },
      });
      guarded(secret).addDependency(store);
    };
    if (pullSecret) {
      const login =
        '{"username":"$oauthtoken","password":"{{ .key }}","auth":"{{ printf "$oauthtoken:%s" .key | b64enc }}"}';
      synced('Pull', pullSecret, {
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': `{"auths":{"nvcr.io":${login}}}` },
      });
    }
    synced('Auth', authSecret, { data: entries });
    this.secrets = this;
  }
}

function checkSecretName(scope: Construct, what: string, name: string): void {
  if (holdsKeyMaterial(name)) {
    refuseKey(scope, what, name);
  }
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) {
    refuse(scope, {
      what,
      given: name,
      allowed: "the name of a Secret: a-z, 0-9, '-' and '.'",
      fix: "write NgcCredentials.fromSecretNames({ pullSecret: 'ngc-secret', authSecret: 'ngc-api-secret' })",
    });
  }
}

function refuseKey(scope: Construct, what: string, given: string): never {
  return refuse(scope, {
    what,
    given,
    allowed: 'the name of a secret, never the key itself',
    fix: 'revoke this key if it was real, store a new one in Secrets Manager, and pass the name of that secret',
  });
}
