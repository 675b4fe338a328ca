import { JsonFile } from 'projen';
import type { JsiiProject } from 'projen/lib/cdk';

/**
 * The folders of `lib/` that leave the package as submodules: the `exports` map, the type paths for
 * `moduleResolution: node10`, and one `.jsiirc.json` each, which names the module in the other languages.
 */
export class Submodules {
  constructor(project: JsiiProject, names: string[]) {
    const exports: Record<string, string> = { '.': './build/index.js' };
    const typesVersions: Record<string, string[]> = {};
    for (const name of names) {
      exports[`./${name}`] = `./build/${name}/index.js`;
      typesVersions[name] = [`./build/${name}/index.d.ts`];
      const pascal = name[0].toUpperCase() + name.slice(1);
      new JsonFile(project, `lib/${name}/.jsiirc.json`, {
        marker: false,
        obj: {
          targets: {
            java: { package: `io.github.nimconstructs.${name}` },
            python: { module: `nim_constructs.${name}` },
            dotnet: { namespace: `NimConstructs.${pascal}` },
            go: { packageName: name },
          },
        },
      });
    }
    exports['./package.json'] = './package.json';
    exports['./.jsii'] = './.jsii';
    project.package.addField('exports', exports);
    project.package.addField('typesVersions', { '*': typesVersions });
  }
}
