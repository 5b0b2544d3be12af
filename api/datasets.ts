/** `/v1/datasets`: what can be imported, and which columns it has. */
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { datasetExampleQuery, datasetSummary, datasetView, exampleFormats, type DatasetSummary, type DatasetView } from '../contracts/datasets.ts';
import { text } from '../contracts/values.ts';
import { exampleFile, findImportDataset, importDatasets, type ImportDataset } from '../services/imports/datasets/index.ts';
import type { ApiDependencies } from './dependencies.ts';
import { attachment } from './files.ts';
import { answers, csvAnswer } from './http/openapi.ts';
import { Refused } from './http/problems.ts';

const tags = ['Imports'];
const params = z.object({ name: text(64).describe('E.g. `users`.') });

const summarised = ({ name, description, key }: ImportDataset): DatasetSummary => ({ name, description, key: [...key] });

const shown = (dataset: ImportDataset): DatasetView => ({
  ...summarised(dataset),
  columns: dataset.columns.map(({ name, description, required, aliases, example }) => ({ name, description, required, aliases: [...aliases], example })),
});

export const datasetRoutes = (_dependencies: ApiDependencies): FastifyPluginCallbackZod => (app, _options, done) => {
  app.get('/datasets', { schema: { tags, summary: 'The datasets that can be imported', response: answers('GET', { 200: z.object({ items: z.array(datasetSummary) }) }, []) } }, async (_request, reply) => {
    return await reply.send({ items: Object.values(importDatasets).map(summarised) });
  });

  app.get('/datasets/:name', { schema: { tags, summary: 'One dataset and its columns', params, response: answers('GET', { 200: datasetView }, ['unknown_dataset']) } }, async (request, reply) => await reply.send(shown(known(request.params.name))));

  app.get(
    '/datasets/:name/example',
    {
      schema: {
        tags,
        summary: 'A file with every column, which can be imported as it is',
        params,
        querystring: datasetExampleQuery,
        response: { ...answers('GET', {}, ['unknown_dataset', 'unknown_format']), 200: csvAnswer },
      },
    },
    async (request, reply) => {
      const dataset = known(request.params.name);
      const { format } = request.query;
      if (!exampleFormats.some((one) => one === format)) throw new Refused('unknown_format', `An example is made as ${exampleFormats.join(', ')}, not as ${format}.`);
      return await reply.type('text/csv; charset=utf-8').header('content-disposition', attachment(`${dataset.name}.csv`)).send(exampleFile(dataset));
    },
  );
  done();
};

/** @throws {Refused} `unknown_dataset`. */
function known(name: string): ImportDataset {
  const dataset = findImportDataset(name);
  if (dataset === undefined) throw new Refused('unknown_dataset', `There is no dataset ${name}. There are: ${Object.keys(importDatasets).join(', ')}.`);
  return dataset;
}
