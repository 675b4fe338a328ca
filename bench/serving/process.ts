import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** A server in a process of its own, on the machine's first core; the client has the others. */
export class BenchServer {
  public static async start(file: string, ...words: string[]): Promise<BenchServer> {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const child = spawn('taskset', ['-c', '0', process.execPath, '--import', 'tsx', path, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout?.once('data', (text: Buffer) => resolve(Number(/port (\d+)/.exec(String(text))?.[1])));
      child.once('exit', (status) => reject(new Error(`${file} ended with ${status}`)));
    });
    return new BenchServer(child, port);
  }

  private constructor(
    private readonly child: ChildProcess,
    public readonly port: number,
  ) {}

  /** Seconds of processor time that the process has had: on a machine that others use too, this is what can be compared. */
  public cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  public async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await new Promise((resolve) => this.child.once('exit', resolve));
  }
}
