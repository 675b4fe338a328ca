// What the documentation says, held against the repository: snippets, links, messages, versions.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { KubernetesVersion } from 'aws-cdk-lib/aws-eks-v2';
import { Engine, Gpu, Precision, TestedVersions } from 'nim-constructs/catalog';
import { NgcCredentials, NimProfile, ServingImage } from 'nim-constructs/nim';
import { NimPlatform } from 'nim-constructs/platform';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorOf, fakeKubectlLayer, testApp } from '../support/stack';

const ROOT = join(__dirname, '../..');
const WITH_SNIPPETS = [
  'README.md',
  'examples/cdk-deploy/README.md',
  'examples/cdk8s-synth/README.md',
  'examples/own-image/README.md',
];
const PAGES = [...WITH_SNIPPETS, 'COMPATIBILITY.md', 'CONTRIBUTING.md', 'docs/decisions.md', 'docs/image.md'];

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** What a snippet may use without saying where it comes from, by the tag in the comment before it. */
const PREAMBLES: Record<string, string> = {
  cluster: `
    export declare const stack: import('aws-cdk-lib').Stack;
    export declare const cluster: import('aws-cdk-lib/aws-eks-v2').ICluster;`,
  platform: `
    export declare const stack: import('aws-cdk-lib').Stack;
    export declare const platform: import('nim-constructs/platform').NimPlatform;
    export declare const l40s: import('nim-constructs/nodes').GpuNodePool;
    export declare const store: import('nim-constructs/cluster').EfsModelStore;`,
  chart: `
    export declare const chart: import('cdk8s').Chart;
    export declare const image: import('nim-constructs/nim').ServingImage;
    export declare const profile: import('nim-constructs/nim').NimProfile;
    export declare const pool: import('nim-constructs/nodes').IGpuNodePool;
    export declare const store: import('nim-constructs/storage').IModelStore;`,
};

interface Snippet {
  /** Path of the module that the snippet is compiled as; there is no such file. */
  readonly file: string;
  readonly page: string;
  /** Line of the page before the snippet's first. */
  readonly line: number;
  readonly code: string;
  readonly preamble: string;
}

/** The `ts` blocks of a page, and the tag of `<!-- snippet: tag -->` before each. */
function snippetsOf(page: string, text = read(page)): Snippet[] {
  const blocks = text.matchAll(/(?:<!-- snippet: (\w+) -->\n)?^```(?:ts|typescript)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([block, tag, code], index) => {
    if (tag && !PREAMBLES[tag]) {
      throw new Error(`${page}: a snippet is tagged ${tag}, allowed is ${Object.keys(PREAMBLES).join(', ')}`);
    }
    const start = text.slice(0, text.indexOf(block)).split('\n').length;
    return {
      file: join(ROOT, `${page}.${index}.ts`),
      page,
      line: start + (tag ? 1 : 0),
      code,
      preamble: tag ? PREAMBLES[tag].replace(/\n\s*/g, ' ') : '',
    };
  });
}

/** What the compiler says against snippets, in one program, as `page:line message`. */
function problemsOf(snippets: Snippet[]): string[] {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.dev.json'), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  // Only relative to the file of the configuration do its `paths` mean anything.
  const host = ts.createCompilerHost({ ...options, pathsBasePath: ROOT });
  const modules = new Map(snippets.map((snippet) => [snippet.file, snippet]));
  const { fileExists, readFile, getSourceFile } = host;
  // One line of preamble, and `export {}` so that snippets of one name do not meet.
  const source = ({ preamble, code }: Snippet) => `export {};${preamble}\n${code}`;
  Object.assign(host, {
    fileExists: (path: string) => modules.has(path) || fileExists(path),
    readFile: (path: string) => (modules.has(path) ? source(modules.get(path) as Snippet) : readFile(path)),
    getSourceFile: (path: string, languageVersion: ts.ScriptTarget) => {
      const snippet = modules.get(path);
      return snippet
        ? ts.createSourceFile(path, source(snippet), languageVersion)
        : getSourceFile.call(host, path, languageVersion);
    },
  } satisfies Partial<ts.CompilerHost>);
  const program = ts.createProgram([...modules.keys()], { ...options, pathsBasePath: ROOT, noEmit: true }, host);
  return snippets.flatMap((snippet) => {
    const file = program.getSourceFile(snippet.file) as ts.SourceFile;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((problem) => {
      const line = file.getLineAndCharacterOfPosition(problem.start ?? 0).line + snippet.line;
      return `${snippet.page}:${line} ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
    });
  });
}

const MISTAKE = `# Title

<!-- snippet: platform -->
\`\`\`ts
import { Gpu } from 'nim-constructs/catalog';

platform.addGpuNodePool('L4', { gpu: Gpu.L4, maxGpu: 8 });
\`\`\`
`;

describe('the snippets', () => {
  const snippets = WITH_SNIPPETS.flatMap((page) => snippetsOf(page));
  let problems: string[] = [];

  beforeAll(() => {
    problems = problemsOf([...snippets, ...snippetsOf('mistake.md', MISTAKE)]);
  }, 120_000);

  it('compile', () => {
    expect(snippets.length).toBeGreaterThanOrEqual(6);
    expect(problems.filter((problem) => !problem.startsWith('mistake.md'))).toEqual([]);
  });

  it('would fail with the line of a mistake', () => {
    expect(problems.filter((problem) => problem.startsWith('mistake.md'))).toEqual([
      expect.stringMatching(/^mistake\.md:7 .*'maxGpu'/),
    ]);
  });
});

/** Targets of Markdown links and images, and of links by reference. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)].map(
    ([, inline, reference]) => inline ?? reference,
  );
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

describe.each(PAGES)('%s', (page) => {
  it('links to what exists', () => {
    const dead = linksOf(read(page))
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path, anchor] = link.split('#');
        const target = path ? join(dirname(page), path) : page;
        return !existsSync(join(ROOT, target)) || (anchor && !anchorsOf(read(target)).includes(anchor));
      });

    expect(dead).toEqual([]);
  });
});

describe('README.md', () => {
  it('shows the message that its mistake gives', () => {
    const stack = new Stack(testApp(), 'NimRightSized');
    const message = errorOf(() => {
      const platform = new NimPlatform(stack, 'Platform', {
        version: KubernetesVersion.of('1.36'),
        kubectlLayer: fakeKubectlLayer(stack),
        credentials: NgcCredentials.fromSecretsManager('ngc/api-key'),
      });
      platform.addModel('Llama', {
        image: ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '2.0.6' }),
        profile: NimProfile.select({ engine: Engine.VLLM, precision: Precision.BF16, tensorParallelism: 1 }),
        pool: platform.addGpuNodePool('L4', { gpu: Gpu.L4, maxGpus: 4 }),
        store: platform.addEfsModelStore('Models'),
      });
    });

    expect(read('README.md').replace(/\n/g, ' ')).toContain(message);
  });
});

describe('COMPATIBILITY.md', () => {
  const rows = read('COMPATIBILITY.md')
    .split('\n')
    .filter((line) => line.startsWith('|'));
  const manifest = JSON.parse(read('package.json'));

  it('names the versions that the constructs install', () => {
    const tested = rows.map((row) => row.split('|')[2].trim());

    for (const version of Object.values(TestedVersions)) {
      expect(tested).toContain(version);
    }
  });

  it('names the peers and what is tested of them', () => {
    for (const [name, range] of Object.entries(manifest.peerDependencies)) {
      const row = rows.find((line) => new RegExp(`^\\| ${name}( |$)`).test(line));
      expect(row, name).toContain(`| ${range} | ${manifest.devDependencies[name]} |`);
    }
    expect(rows.find((line) => line.startsWith('| Node |'))).toContain(`| ${manifest.engines.node} |`);
  });
});
