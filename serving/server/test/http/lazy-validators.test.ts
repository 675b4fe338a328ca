import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { LazyValidators } from '../../src/http/lazy-validators.js';

function lazyApp() {
  const validators = new LazyValidators();
  const app = Fastify({ schemaController: { compilersFactory: { buildValidator: validators.build } } });
  validators.compileWhenIdle(app);
  let compilations = 0;
  const body = {
    get type() {
      compilations += 1; // who compiles reads it
      return 'object';
    },
    required: ['model'],
  };
  const route = validators.build({}, { customOptions: { strict: false } });
  return { app, validate: route({ schema: body } as never), compilations: () => compilations };
}

it('a schema is compiled with the first value, once, and says what is wrong with each', () => {
  const { validate, compilations } = lazyApp();
  expect(compilations()).toBe(0);
  expect(validate({})).toBe(false);
  expect(validate.errors).toMatchObject([{ message: "must have required property 'model'" }]);
  const once = compilations();
  expect(once).toBeGreaterThan(0);
  expect(validate({ model: 'a' })).toBe(true);
  expect(validate.errors).toBeNull();
  expect(compilations()).toBe(once);
});

it('schemas that no request has asked for are compiled soon after the server listens', async () => {
  const { app, compilations } = lazyApp();
  await app.ready();
  expect(compilations()).toBe(0);
  await app.listen({ port: 0 });
  await expect.poll(compilations).toBeGreaterThan(0);
  await app.close();
});

it('a server that closes at once compiles nothing more', async () => {
  const { app, compilations } = lazyApp();
  await app.listen({ port: 0 });
  await app.close();
  await new Promise(setImmediate);
  expect(compilations()).toBe(0);
});
