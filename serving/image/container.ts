import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildah, STORE } from './buildah.js';
import { MemoryGroup } from './memory-group.js';

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
  /** One processor, and as much memory as this; MemoryGroup.missing says whether this machine can limit it. */
  readonly smallAs?: number;
}

/** What an image's configuration says of its containers (OCI image specification). */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** An image as a folder of this machine, which containers of it see as their root. */
export class UnpackedImage {
  /** @param machine what each container of this machine gets: a GPU's files */
  public constructor(
    public readonly config: ImageConfig,
    public readonly root: string,
    public readonly machine: readonly Mount[] = [],
  ) {}

  public start(options: ContainerOptions = {}): Container {
    return new Container(this, options);
  }
}

/** An image of buildah's store. */
export class MountedImage extends UnpackedImage {
  public static open(name: string, machine: readonly Mount[] = []): MountedImage {
    const { OCIv1 } = JSON.parse(buildah(['inspect', '--type', 'image', name])) as { OCIv1: { config: ImageConfig } };
    const working = buildah(['from', '--pull-never', name]);
    return new MountedImage(OCIv1.config, buildah(['mount', working]), machine, working);
  }

  private constructor(
    config: ImageConfig,
    root: string,
    machine: readonly Mount[],
    private readonly working: string,
  ) {
    super(config, root, machine);
  }

  public close(): void {
    buildah(['rm', this.working]);
  }
}

/** crun insists on one kind of control groups, and takes them as it finds them: some machines have the two mixed. */
const RUN = [
  'if [ -n "$3" ]; then echo $$ > "$3"/cgroup.procs && taskset -cp 0 $$ > /dev/null || exit 1; fi',
  'umount -R /sys/fs/cgroup',
  'mount -t cgroup2 none /sys/fs/cgroup',
  'exec crun --root "$0" --cgroup-manager=disabled run --bundle "$1" "$2"',
].join('; ');

/** A running container: a process of crun, an OCI runtime that needs neither Docker nor a daemon. */
export class Container {
  public stdout = '';
  public stderr = '';
  public readonly startedAt = performance.now();
  public running = true;
  /** The most memory that it has held, the page cache counted, where it has ended and its memory was limited; else 0. */
  public peakBytes = 0;
  /** The exit status. */
  public readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  public constructor(image: UnpackedImage, options: ContainerOptions) {
    mkdirSync(STORE, { recursive: true });
    const bundle = mkdtempSync(join(STORE, 'bundle-'));
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeConfig(image, options)));
    const id = bundle.slice(bundle.lastIndexOf('/') + 1);
    const group = options.smallAs === undefined ? undefined : new MemoryGroup(id, options.smallAs);
    this.child = spawn('unshare', ['-m', 'sh', '-c', RUN, join(STORE, 'crun'), bundle, id, group?.folder ?? ''], {
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
        this.peakBytes = group?.peakBytes() ?? 0;
        group?.remove();
        this.running = false;
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
function runtimeConfig({ config, root, machine }: UnpackedImage, options: ContainerOptions): unknown {
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
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      scratch('/dev', 'mode=755', 'size=65536k'),
      scratch('/dev/shm', 'nodev', 'noexec', 'mode=1777', 'size=65536k'),
      scratch('/tmp', 'nodev', 'mode=1777'),
      ...[...machine, ...(options.mounts ?? [])].map(({ source, target, readOnly }) => ({
        destination: target,
        source,
        options: ['bind', readOnly ? 'ro' : 'rw'],
      })),
    ],
    linux: { namespaces: namespaces.map((type) => ({ type })) },
  };
}
