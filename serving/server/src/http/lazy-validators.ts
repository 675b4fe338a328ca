import { default as ajvCompiler, type BuildCompilerFromPool } from '@fastify/ajv-compiler';
import type { FastifyInstance } from 'fastify';

type Compile = ReturnType<BuildCompilerFromPool>;
type Validate = ReturnType<Compile>;

/**
 * Compiles the schema of a route with its first request, or earlier, once the server listens: compiling all of them takes a
 * third of a second, for which a start would wait.
 */
export class LazyValidators {
  private readonly waiting = new Set<() => Validate>();

  /** Fastify's own compiler of schemas, put off. */
  readonly build: BuildCompilerFromPool = (externalSchemas, options) => {
    const compile = ajvCompiler()(externalSchemas, options);
    return (route) => this.later(() => compile(route));
  };

  /** Compiles what no request has asked for while nothing else is to do, from the moment on that the server listens. */
  compileWhenIdle(app: FastifyInstance): void {
    let next: NodeJS.Immediate | undefined;
    const compileOne = () => {
      const [compile] = this.waiting;
      if (compile !== undefined) {
        compile();
        next = setImmediate(compileOne);
      }
    };
    app.addHook('onListen', async () => {
      next = setImmediate(compileOne);
    });
    app.addHook('onClose', async () => clearImmediate(next));
  }

  private later(compile: () => Validate): Validate {
    let compiled: Validate | undefined;
    const compileOnce = () => {
      compiled ??= compile();
      this.waiting.delete(compileOnce);
      return compiled;
    };
    this.waiting.add(compileOnce);
    // Fastify reads what is wrong off the function itself.
    const validate = Object.assign(
      (data: unknown) => {
        const validator = compileOnce();
        const valid = validator(data);
        validate.errors = validator.errors;
        return valid;
      },
      { errors: undefined as Validate['errors'] },
    );
    return validate as Validate;
  }
}
