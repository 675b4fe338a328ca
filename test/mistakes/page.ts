import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { stringify } from 'yaml';
import type { Mistake, Subject } from './mistake';

const WIDTH = 100;

/** The text of docs/mistakes.md. Programs are shown as their source has them. */
export function page(subjects: readonly Subject[]): string {
  const all = subjects.flatMap(({ mistakes }) => mistakes);
  const counts = (['error', 'warning', 'cannot be said'] as const).map(
    (kind) => all.filter((mistake) => mistake.kind === kind).length,
  );
  const numbers = new Map(all.map((mistake, index) => [mistake, index + 1]));
  const headingOf = (mistake: Mistake) => `${numbers.get(mistake)}. ${mistake.title}`;
  const contents = subjects.flatMap(({ title, mistakes }) => [
    `\n**${title}**\n`,
    ...mistakes.map((mistake) => `- [${headingOf(mistake)}](#${anchor(headingOf(mistake))})`),
  ]);
  const chapters = subjects.map(({ title, file, mistakes }) => {
    const programs = programsOf(file);
    const sections = mistakes.map((mistake) => section(headingOf(mistake), mistake, programs.get(mistake.title) ?? ''));
    return `## ${title}\n\n${sections.join('\n\n')}`;
  });
  return [
    '<!-- Generated from test/mistakes by "npx tsx projen/mistakes.ts". Change it there. -->',
    `# ${all.length} mistakes, and what the library says`,
    `Mistakes that users of the Terraform blueprint and of hand-written YAML make. ${counts[0]} of them are refused at ` +
      `synth, ${counts[1]} are warned about, and ${counts[2]} cannot be said at all. Every program below is run in ` +
      'the tests, and every answer is compared in full.',
    'An answer names the construct, the value given, what is allowed, and what to write instead. One that ends in ' +
      '`(rule ...)` comes from a rule that also checks hand-written objects and JSON patches; where the cluster may ' +
      'know better, `RuleAcknowledgement.on(construct, { rule, reason })` accepts it.',
    [
      '<details><summary>What the programs begin with</summary>',
      '',
      '```ts',
      ...beginnings(),
      '```',
      '',
      '</details>',
    ].join('\n'),
    `## Contents\n${contents.join('\n')}`,
    `${chapters.join('\n\n')}\n`,
  ].join('\n\n');
}

function section(heading: string, mistake: Mistake, program: string): string {
  return [
    `### ${heading}`,
    `\`\`\`ts\n${program}\n\`\`\``,
    `Met in: ${mistake.met}.`,
    `**Without the library:** ${mistake.today}`,
    ...(mistake.kind === 'cannot be said'
      ? [`**Cannot be said:** ${mistake.because} The library writes:`, `\`\`\`yaml\n${stringify(mistake.output)}\`\`\``]
      : [
          mistake.kind === 'error' ? '**Refused:**' : '**Warned about:**',
          `\`\`\`text\n${wrapped(mistake.answer)}\n\`\`\``,
        ]),
  ].join('\n\n');
}

/** As GitHub makes anchors of headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

function wrapped(message: string): string {
  const lines = [''];
  for (const word of message.split(' ')) {
    const line = lines[lines.length - 1];
    if (line && line.length + 1 + word.length > WIDTH) {
      lines.push(`  ${word}`);
    } else {
      lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
  }
  return lines.join('\n');
}

/** The expressions of given.ts as constants. */
function beginnings(): string[] {
  const makers = propertiesOf(objects(sourceOf('given')).find((object) => propertiesOf(object).has('cacheSpec')));
  return [...makers].map(([name, maker]) => {
    const made = ts.isArrowFunction(maker) ? maker.body : maker;
    const expression = ts.isParenthesizedExpression(made) ? made.expression : made;
    return `const ${name} = ${dedented(expression)};`
      .replace('testApp()', 'app')
      .replaceAll(': one', ": k8s.Quantity.fromString('1')");
  });
}

/** The text of the programs of a file, by title. */
function programsOf(file: string): Map<string, string> {
  const programs = new Map<string, string>();
  for (const properties of objects(sourceOf(file)).map(propertiesOf)) {
    const [title, program] = [properties.get('title'), properties.get('program')];
    if (title && ts.isStringLiteralLike(title) && program && ts.isArrowFunction(program)) {
      programs.set(title.text, textOf(program.body));
    }
  }
  return programs;
}

function textOf(body: ts.ConciseBody): string {
  if (!ts.isBlock(body)) {
    return `${dedented(body)};`;
  }
  const text = body.getText().slice(1, -1).replace(/^\n/, '').trimEnd();
  const indent = text.length - text.trimStart().length;
  return text.replace(new RegExp(`^ {${indent}}`, 'gm'), '');
}

/** A node whose later lines stand as far left as its first. */
function dedented(node: ts.Node): string {
  const file = node.getSourceFile();
  const start = file.getLineStarts()[file.getLineAndCharacterOfPosition(node.getStart()).line];
  const indent = /^ */.exec(file.text.slice(start))?.[0].length ?? 0;
  return node.getText().replace(new RegExp(`\n {${indent}}`, 'g'), '\n');
}

function sourceOf(file: string): ts.SourceFile {
  const path = join(__dirname, `${file}.ts`);
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
}

function objects(node: ts.Node): ts.ObjectLiteralExpression[] {
  const below: ts.ObjectLiteralExpression[] = [];
  node.forEachChild((child) => {
    below.push(...objects(child));
  });
  return ts.isObjectLiteralExpression(node) ? [node, ...below] : below;
}

function propertiesOf(object?: ts.ObjectLiteralExpression): Map<string, ts.Expression> {
  const assignments = object?.properties.filter(ts.isPropertyAssignment) ?? [];
  return new Map(assignments.map((property) => [property.name.getText(), property.initializer]));
}
