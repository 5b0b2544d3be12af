/**
 * The modules of workflows are run once for each worker (workers/bundle.ts), so what one of them keeps in a variable of
 * its own would be seen by every flow, and a replay would see something else. Nothing of the kind may be in them.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { parse, type Expression, type ModuleItem, type TsType } from '@swc/core';
import { DefaultLogger } from '@temporalio/worker';
import { workflowBundle } from '../../workers/bundle.ts';
import { testBundles } from '../support/environment.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** What these make is the same for everybody: names of messages, ways to steps, words. */
const stateless = /^(?:define(?:Signal|Query|Update|SearchAttributeKey)|proxy(?:Local)?Activities|Object\.\w+|Intl\.NumberFormat)$/;
/** Remembers what it has worked out from its arguments and nothing else. */
const remembers = new Set(['workflows/words.ts: formats']);

const bare = (expression: Expression): Expression =>
  expression.type === 'TsAsExpression' || expression.type === 'TsSatisfiesExpression' || expression.type === 'TsConstAssertion' || expression.type === 'ParenthesisExpression' ? bare(expression.expression) : expression;

function nameOf(expression: Expression): string {
  if (expression.type === 'Identifier') return expression.value;
  if (expression.type === 'MemberExpression') return `${nameOf(expression.object)}.${expression.property.type === 'Identifier' ? expression.property.value : '?'}`;
  if (expression.type === 'CallExpression' && expression.callee.type !== 'Super' && expression.callee.type !== 'Import') return nameOf(expression.callee);
  return '?';
}

function made(expression: Expression): string | undefined {
  const value = bare(expression);
  if (value.type === 'NewExpression') return nameOf(value.callee);
  return value.type === 'CallExpression' ? nameOf(value) : undefined;
}

/** What a module keeps that could change. */
async function kept(text: string): Promise<string[]> {
  const { body } = await parse(text, { syntax: 'typescript', target: 'es2022' });
  const declarations = body.flatMap((item: ModuleItem) => {
    const statement = item.type === 'ExportDeclaration' ? item.declaration : item;
    return statement.type === 'VariableDeclaration' ? statement.declarations.map((declaration) => ({ kind: statement.kind, ...declaration })) : [];
  });
  return declarations.flatMap(({ kind, id, init }) => {
    if (id.type !== 'Identifier') return [];
    const maker = init == null ? undefined : made(init);
    const type: TsType | undefined = 'typeAnnotation' in id ? id.typeAnnotation?.typeAnnotation : undefined;
    const readOnly = type?.type === 'TsTypeReference' && type.typeName.type === 'Identifier' && type.typeName.value.startsWith('Readonly');
    return kind !== 'const' || (maker !== undefined && !stateless.test(maker) && !readOnly) ? [id.value] : [];
  });
}

test('no module of a workflow keeps anything that one flow could leave to another', async () => {
  const found: string[] = [];
  const { codePath } = await workflowBundle(testBundles, new DefaultLogger('ERROR'));
  const files = new Set([...(await readFile(codePath, 'utf8')).matchAll(/"\.\/((?:workflows|contracts)\/[^"]+\.ts)"/g)].map(([, file = '']) => file));
  expect(files).toContain('workflows/payments/advance.ts');
  for (const file of files) found.push(...(await kept(await readFile(path.join(root, file), 'utf8'))).map((variable) => `${file}: ${variable}`));
  expect(found.filter((one) => !remembers.has(one))).toEqual([]);
  expect(found).toEqual([...remembers]);
});

test('the look finds what it is there for', async () => {
  expect(await kept('let runs = 0;\nexport const seen = new Map<string, number>();\nconst oneAtATime = inTurn();\nconst names: ReadonlySet<string> = new Set();\nexport const status = defineQuery("status");')).toEqual(['runs', 'seen', 'oneAtATime']);
});
