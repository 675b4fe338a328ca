import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache';

const VERSION = '1.58.0';
const FOLDER = cacheFolder(`cfn-lint-${VERSION}`);
const PROGRAM = join(FOLDER, 'bin', 'cfn-lint');

/** Why cfn-lint cannot run here, or nothing: it is installed once, with Python's venv and pip, into the cache. */
export const cfnLintMissing: string | undefined = install();

export interface Finding {
  readonly id: string;
  readonly message: string;
  readonly at: string;
}

/** What cfn-lint says of templates. */
export function cfnLint(templates: string[]): Finding[] {
  const { stdout, stderr } = spawnSync(PROGRAM, ['--format', 'json', '--', ...templates], { encoding: 'utf8' });
  if (!stdout.trim().startsWith('[')) {
    throw new Error(`cfn-lint did not answer: ${stderr}`);
  }
  return JSON.parse(stdout).map((match: { Rule: { Id: string }; Message: string; Location: { Path: string[] } }) => ({
    id: match.Rule.Id,
    message: match.Message,
    at: match.Location.Path.join('/'),
  }));
}

function install(): string | undefined {
  if (existsSync(PROGRAM) && run(PROGRAM, ['--version'])) {
    return undefined;
  }
  if (!run('python3', ['--version'])) {
    return 'no python3';
  }
  const made = run('python3', ['-m', 'venv', '--clear', FOLDER]);
  const installed =
    made &&
    run(join(FOLDER, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', `cfn-lint==${VERSION}`]);
  return installed ? undefined : `cfn-lint ${VERSION} could not be installed with python3 -m venv and pip`;
}

function run(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
