import type { FastifyInstance } from 'fastify';
import type { Checkpoint } from '../../serving/server/src/checkpoint/index.js';
import type { Generator } from '../../serving/server/src/generation/port.js';
import { Watchdog } from '../../serving/server/src/lifecycle/watchdog.js';
import { Log } from '../../serving/server/src/observability/log.js';
import { servedModel } from '../../serving/server/src/serve/served-model.js';
import { createServer } from '../../serving/server/src/serve/server.js';
import { readSettings } from '../../serving/server/src/settings/read-settings.js';

/** The whole application, metrics included, over any engine. */
export async function application(checkpoint: Checkpoint, generator: Generator): Promise<FastifyInstance> {
  const { settings } = readSettings({ argv: [], env: {} });
  const model = servedModel({ name: 'bench', settings, checkpoint, generator });
  const watchdog = new Watchdog();
  watchdog.watch(generator);
  return createServer({
    settings,
    line: settings.apiLine,
    release: '0.0.0',
    modelName: () => 'bench',
    log: new Log({ level: 'error', json: true }),
    watchdog,
    model: () => model,
    metadata: { model: () => undefined, license: { name: '', path: '', url: '', text: '' } },
  });
}
