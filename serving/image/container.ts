import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildah, STORE } from './buildah.js';

/** A folder of this machine inside a container. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly?: boolean;
}

/** A container as a pod of the NIM Operator is: 1000:2000, no capabilities, no new privileges. */
export interface ContainerOptions {
  /** In the place of the image's entry point, as `command` of a pod. */
  readonly command?: readonly string[];
  /** Words after it, as `args` of a pod. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly Mount[];
  /** User and group. */
  readonly user?: readonly [number, number];
  /** Nothing can be written but /tmp, /dev/shm and what is mounted. */
  readonly readOnlyRoot?: boolean;
  /** No network, not even the machine's own. */
  readonly offline?: boolean;
}

interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** An image of the store, mounted: what containers of it see as their root. */
export class MountedImage {
  public readonly config: ImageConfig;
  /** The root folder on this machine. */
  public readonly root: string;
  private readonly working: string;

  public constructor(public readonly name: string) {
    const { OCIv1 } = JSON.parse(buildah(['inspect', '--type', 'image', name])) as { OCIv1: { config: ImageConfig } };
    this.config = OCIv1.config;
    this.working = buildah(['from', '--pull-never', name]);
    this.root = buildah(['mount', this.working]);
  }

  public start(options: ContainerOptions = {}): Container {
    return new Container(this, options);
  }

  public close(): void {
    buildah(['rm', this.working]);
  }
}

/** crun insists on one kind of control groups, and takes them as it finds them: some machines have the two mixed. */
const OWN_CGROUPS =
  'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec crun --root "$0" --cgroup-manager=disabled run --bundle "$1" "$2"';

/** A running container: a process of crun, an OCI runtime that needs neither Docker nor a daemon. */
export class Container {
  public stdout = '';
  public stderr = '';
  public readonly startedAt = performance.now();
  /** The exit status. */
  public readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  public constructor(image: MountedImage, options: ContainerOptions) {
    mkdirSync(STORE, { recursive: true });
    const bundle = mkdtempSync(join(STORE, 'bundle-'));
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeConfig(image, options)));
    const id = bundle.slice(bundle.lastIndexOf('/') + 1);
    this.child = spawn('unshare', ['-m', 'sh', '-c', OWN_CGROUPS, join(STORE, 'crun'), bundle, id], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) =>
      this.child.once('close', (status) => {
        rmSync(bundle, { recursive: true, force: true });
        resolve(status);
      }),
    );
  }

  /** crun hands signals on to the container's first process. */
  public signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Ends it as Kubernetes does after the grace: crun itself is spared, so that it cleans up. */
  public kill(): void {
    const { pid } = this.child;
    for (const process_ of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
      process.kill(Number(process_), 'SIGKILL');
    }
  }

  /** Copies what the container writes to this process. */
  public show(): this {
    this.child.stdout?.pipe(process.stdout);
    this.child.stderr?.pipe(process.stderr);
    return this;
  }
}

/** config.json of the OCI runtime specification. */
function runtimeConfig({ config, root }: MountedImage, options: ContainerOptions): unknown {
  const [uid, gid] = options.user ?? [1000, 2000];
  const namespaces = ['pid', 'ipc', 'uts', 'mount', ...(options.offline ? ['network'] : [])];
  const scratch = (destination: string, ...more: string[]) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', ...more],
  });
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid, gid },
      args: [
        ...(options.command ?? config.Entrypoint ?? []),
        ...(options.args ?? (options.command ? [] : (config.Cmd ?? []))),
      ],
      // HOME is root's where the user has no entry in /etc/passwd; containerd gives it / then.
      env: [...config.Env, 'HOME=/', ...Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`)],
      cwd: config.WorkingDir || '/',
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
    },
    root: { path: root, readonly: options.readOnlyRoot ?? false },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      scratch('/dev', 'mode=755', 'size=65536k'),
      scratch('/dev/shm', 'nodev', 'noexec', 'mode=1777', 'size=65536k'),
      scratch('/tmp', 'nodev', 'mode=1777'),
      ...(options.mounts ?? []).map(({ source, target, readOnly }) => ({
        destination: target,
        source,
        options: ['bind', readOnly ? 'ro' : 'rw'],
      })),
    ],
    linux: { namespaces: namespaces.map((type) => ({ type })) },
  };
}
