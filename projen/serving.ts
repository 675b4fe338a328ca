import { JsonFile } from 'projen';
import type { JsiiProject } from 'projen/lib/cdk';

const FOLDER = 'serving/server';
const BUILD = 'out/engine';

/** What the NIM Operator and users of a NIM call in the container. */
const COMMANDS = ['nim-serve', 'list-model-profiles', 'download-to-cache', 'create-model-store', 'huggingface-cli'];

/**
 * The server of the serving image: a private npm workspace with its own dependencies, linted, type-checked and tested with
 * everything else, and no part of the npm package of the constructs.
 */
export class Serving {
  constructor(project: JsiiProject) {
    project.package.addField('workspaces', [FOLDER]);
    new JsonFile(project, `${FOLDER}/package.json`, {
      obj: {
        name: '@nim-constructs/serving',
        version: '0.0.0',
        description: 'Server and command-line tool of the serving image',
        private: true,
        license: 'Apache-2.0',
        type: 'module',
        engines: { node: '>= 20.16.0' },
        bin: {
          'nim-serving': './bin/nim-serving.mjs',
          ...Object.fromEntries(COMMANDS.map((name) => [name, './bin/command.mjs'])),
        },
        dependencies: {
          '@aws-sdk/client-s3': '^3.1162.0',
          '@aws-sdk/s3-request-presigner': '^3.1162.0',
          '@fastify/ajv-compiler': '^4.0.7',
          '@fastify/swagger': '^9.9.3',
          '@huggingface/jinja': '^0.5.11',
          '@mlc-ai/web-xgrammar': '^0.1.27',
          '@opentelemetry/api': '~1.9.0',
          '@opentelemetry/core': '^2.12.1',
          // Their later versions ask for Node 22.
          '@opentelemetry/exporter-trace-otlp-http': '^0.223.1',
          '@opentelemetry/exporter-trace-otlp-proto': '^0.223.1',
          '@opentelemetry/resources': '^2.12.1',
          '@opentelemetry/sdk-trace-base': '^2.12.1',
          fastify: '^5.12.8',
          'prom-client': '^15.1.3',
          tokenizers: '^0.23.2',
          typebox: '^1.4.3',
          yaml: '^2',
        },
        devDependencies: {
          // The clients that tests drive; later majors of the first three ask for Node 22.
          '@ai-sdk/openai-compatible': '^2.0.87',
          ai: '^6.0.326',
          openai: '^6.49.0',
          '@anthropic-ai/sdk': '^1.12.0',
          zod: '^4',
          'node-api-headers': '^1.9.0',
        },
      },
    });
    new JsonFile(project, `${FOLDER}/tsconfig.json`, {
      marker: false,
      obj: {
        // Stands alone, as it does in the image. Style is checked with everything else, by tsconfig.dev.json.
        compilerOptions: {
          target: 'ES2022',
          module: 'node16',
          strict: true,
          skipLibCheck: true,
          types: ['node'],
          rootDir: 'src',
          outDir: 'build',
        },
        include: ['src/**/*.ts'],
      },
    });
    project
      .addTask('serving:compile', { description: 'Compile the server for the serving image' })
      .exec('tsc -p tsconfig.json', { cwd: FOLDER });
    const build = project.addTask('engine:build', {
      description: 'Build what the tests of the server need of the engine',
    });
    build.exec('node serving/engine/build.mjs --optional');
    project.testTask.prependSpawn(build);
    project.addTask('engine:test', {
      description: 'Build the engine and run its own tests and fuzzers',
      steps: [{ exec: 'node serving/engine/build.mjs' }, { exec: `ctest --test-dir ${BUILD} --output-on-failure` }],
    });
    project
      .addTask('serve', { description: 'Serve the embedded model, or the one that the flags name' })
      .exec(`node ${FOLDER}/bin/command.mjs`, { receiveArgs: true });
    project.package.setScript(
      'serve',
      'node projen/install.mjs && node serving/engine/build.mjs --addon && projen serve',
    );
    project
      .addTask('serving:manifest', { description: 'Print the model manifest of the serving image' })
      .exec('tsx serving/manifest/write.ts');
    project
      .addTask('image', { description: 'Build the serving image with buildah, without Docker' })
      .exec('tsx serving/image/build.ts', { receiveArgs: true });
    project
      .addTask('image:run', { description: 'Run that image on port 8000' })
      .exec('tsx serving/image/run.ts', { receiveArgs: true });
    for (const name of ['image', 'image:run']) {
      project.package.setScript(name, `node projen/install.mjs && projen ${name}`);
    }
    for (const files of [`${FOLDER}/src`, `${FOLDER}/test`, 'serving/image', 'serving/manifest']) {
      project.tsconfigDev.addInclude(`${files}/**/*.ts`);
    }
    project.gitignore.exclude(`/${FOLDER}/build/`);
    project.gitattributes.addAttributes('*.safetensors', 'binary');
    // The package holds what the image is built from: users build it from there.
    for (const left of ['engine/tests', 'server/test', 'server/build', 'manifest', 'models/default/corpus']) {
      project.npmignore?.exclude(`/serving/${left}/`);
    }
    for (const left of ['engine/build.mjs', 'models/default/*.py', 'image/*.ts', 'server/package.json']) {
      project.npmignore?.exclude(`/serving/${left}`);
    }
  }
}
