import type { JsiiProject } from 'projen/lib/cdk';

/** The commands of the README. Each works on a fresh clone: it installs what is missing first. */
export class Commands {
  constructor(project: JsiiProject) {
    const installFirst = 'node projen/install.mjs';
    project
      .addTask('demo', { description: 'Synthesize the examples into out/' })
      .exec('tsx demo.ts', { cwd: 'examples' });
    const bench = project.addTask('bench:synth', {
      description: 'Synthesis time of the full example beside a bare cluster',
    });
    bench.spawn(project.compileTask);
    bench.exec('tsc -p bench');
    bench.exec('tsx synth.ts', { cwd: 'bench', receiveArgs: true });
    const plan = project.addTask('bench:plan', {
      description: 'Time of plans: the whole catalog, and synthesis with plans on and off',
    });
    plan.spawn(project.compileTask);
    plan.exec('tsx plan.ts', { cwd: 'bench', receiveArgs: true });
    project
      .addTask('bench:engine', { description: 'The engine on this CPU beside its limits and llama.cpp' })
      .exec('tsx bench/engine/run.ts', { receiveArgs: true });
    const serving = project.addTask('bench:serving', {
      description: 'What the HTTP server takes, beside a bare loop of Node and the engine alone',
    });
    serving.exec('node serving/engine/build.mjs --addon');
    serving.exec('tsx bench/serving/run.ts', { receiveArgs: true });
    project.package.setScript('demo', `${installFirst} && projen demo`);
    project.package.setScript('test', `${installFirst} && projen test:all`);
    project.compileTask.env('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', 'true');
    const all = project.addTask('test:all', { description: 'Compile, check style and types, run every test' });
    all.spawn(project.compileTask);
    for (const step of ['docgen', 'lint', 'typecheck', 'test']) {
      all.spawn(project.tasks.tryFind(step) ?? fail(step), { receiveArgs: step === 'test' });
    }

    // The definition is run by tsx: projen's own runner, ts-node, does not know the TypeScript in use.
    project.defaultTask?.reset('tsx .projenrc.ts');
    project.gitignore.exclude('/out/', '/build/', 'cdk.out/', 'examples/*/dist/', '.DS_Store');
    for (const folder of ['.ci', 'bench', 'examples', 'lib', 'out', 'projen']) {
      project.npmignore?.exclude(`/${folder}/`);
    }
    for (const file of ['.projenrc.ts', 'biome.jsonc', 'CONTRIBUTING.md', 'tsconfig*.json', 'vitest.config.mts']) {
      project.npmignore?.exclude(`/${file}`);
    }
    project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');
    project.npmrc.addConfig('fund', 'false');
    project.npmrc.addConfig('audit', 'false');
  }
}

function fail(task: string): never {
  throw new Error(`task ${task} is not defined: create the component that defines it before Commands`);
}
