/**
 * Who may import whom (ARCHITECTURE.md, "Layers"). Each layer lists everything of ours that it may import, so a new
 * folder is closed to all until someone opens it here on purpose.
 *
 * Parsed with swc: dependency-cruiser's TypeScript parser needs the compiler API of TypeScript below 7.
 */
const ours = '^(activities|api|bench|cli|client|config|contracts|deploy|sandbox|scripts|services|stack|test|workers|workflows)/';

/** A layer may import itself, and of ours nothing but the folders named. */
const layer = (name, allowed, why) => ({
  name: `${name}-imports`,
  comment: `${name} may import of ours: ${[name, ...allowed].join(', ')}. ${why}`,
  severity: 'error',
  from: { path: `^${name}/` },
  to: { path: ours, pathNot: `^(${[name, ...allowed].join('|')})/` },
});

/** Like {@link layer}, with folders of which only the types may be used. */
const typesOnly = (name, folder, why) => ({
  name: `${name}-imports-only-types-of-${folder}`,
  comment: `${name} may use ${folder} by \`import type\` only. ${why}`,
  severity: 'error',
  from: { path: `^${name}/` },
  to: { path: `^${folder}/`, dependencyTypesNot: ['type-only'] },
});

const packageKinds = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    layer('contracts', [], 'Every side imports them, the workflow sandbox and the published client included.'),
    layer('workflows', ['contracts', 'activities'], 'They are deterministic; all I/O is in activities.'),
    typesOnly('workflows', 'activities', 'Their code does I/O and must not reach the workflow bundle.'),
    layer('activities', ['contracts', 'services', 'config'], 'Their dependencies are passed in by a factory.'),
    typesOnly('activities', 'config', 'Settings are passed in; only process entries read them.'),
    layer('services', ['contracts'], 'They know the outside world, not who uses them.'),
    layer('config', ['contracts'], 'Everything starts from it.'),
    layer('client', ['contracts'], 'It is published by itself.'),
    layer('api', ['client', 'contracts', 'services', 'config'], 'It is a door to the client.'),
    layer('workers', ['activities', 'services', 'contracts', 'config'], 'Workflows are bundled by path, never imported.'),
    layer('cli', ['client', 'contracts', 'config', 'stack'], 'It is a door to the client; `up` and `doctor` are the stack.'),
    layer('stack', ['client', 'contracts', 'services', 'config', 'workers', 'api', 'sandbox'], 'It is what `npm start` runs.'),
    layer('sandbox', ['contracts'], 'It stands in for outside parties and knows nothing of how they are called.'),
    layer('deploy', ['config', 'services', 'contracts'], 'It runs in the production image.'),
    {
      name: 'production-imports-no-tooling',
      comment: 'What runs in production must not need what only development has.',
      severity: 'error',
      from: { path: ours, pathNot: '^(stack|cli|test|bench|sandbox|scripts)/' },
      to: { path: '^(stack|sandbox|test|bench|scripts)/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'A helper that others need does not belong in test/ or bench/.',
      severity: 'error',
      from: { path: ours, pathNot: '^(test|bench)/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'no-circular',
      comment: 'A cycle means that two files are one. Types may refer to each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports it and it is not a process entry, so it is dead, or its entry is missing below.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '^(scripts|test|bench|deploy)/', '/main\\.ts$'],
      },
      to: {},
    },
    {
      name: 'not-to-unresolvable',
      comment: 'The file or package does not exist.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'not-to-undeclared',
      comment: 'The package is installed by accident only; declare it in package.json.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
    {
      name: 'published-code-imports-dependencies-only',
      comment: 'client/ and contracts/ are the package that applications install: `dependencies`, nothing else.',
      severity: 'error',
      from: { path: '^(client|contracts)/' },
      to: { dependencyTypes: packageKinds.filter((kind) => kind !== 'npm'), dependencyTypesNot: ['npm'] },
    },
    {
      name: 'sandbox-safe-packages',
      comment: 'What goes into the workflow bundle must be deterministic: no I/O packages in workflows/ and contracts/.',
      severity: 'error',
      from: { path: '^(workflows|contracts)/' },
      to: { dependencyTypes: packageKinds, pathNot: 'node_modules/(@temporalio/(workflow|common)|zod|typeid-js)/' },
    },
    {
      name: 'no-node-in-the-sandbox',
      comment: 'Node built-ins do not exist in the workflow sandbox.',
      severity: 'error',
      from: { path: '^(workflows|contracts)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-deprecated-core',
      severity: 'error',
      comment: 'Deprecated by Node.',
      from: {},
      to: { dependencyTypes: ['core'], path: '^(punycode|domain|constants|sys|_linklist|_stream_wrap)$' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.holdfast)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
};
