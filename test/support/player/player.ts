import type { Json } from '../stack';
import { Cloud, REPLACING } from './cloud';
import { StepError, Waiting } from './errors';
import { DependencyGraph, labelOf, type Template } from './graph';
import { handlerOf } from './handler';
import { same } from './objects';
import type { Action, Outcome, PlayOptions, Status, Step } from './outcome';
import { holds, type Made, physicalIdOf, resolve } from './resolve';

interface Resource extends Made {
  readonly id: string;
  readonly properties: Json;
}

/** CloudFormation, for one stack of one account. */
export class Player {
  public readonly cloud: Cloud;
  private readonly made = new Map<string, Resource>();
  private template: Template = { Resources: {} };
  /** The template of the operation that goes on. */
  private attempted: Template = { Resources: {} };
  private generation = 0;
  private steps: Step[] = [];
  private kept: string[] = [];
  private options: PlayOptions = {};

  constructor(admit?: (object: Json) => readonly string[]) {
    this.cloud = new Cloud(admit);
  }

  /** Logical ids of the stack. */
  public get ids(): string[] {
    return [...this.made.keys()];
  }

  public deploy(template: Template, options: PlayOptions = {}): Outcome {
    this.begin(options);
    const wanted = new DependencyGraph(template)
      .creation(options.first)
      .filter((id) => exists(template, id, this.made));
    try {
      for (const id of wanted) {
        this.create(template, id);
      }
    } catch (error) {
      return this.rollBackCreation(template, reasonOf(error));
    }
    return this.end(template, 'CREATE_COMPLETE');
  }

  public update(template: Template, options: PlayOptions = {}): Outcome {
    this.begin(options);
    const old = { template: this.template, made: new Map(this.made) };
    const graph = new DependencyGraph(template);
    const retired: Resource[] = [];
    const touched: string[] = [];
    try {
      for (const id of graph.creation(options.first).filter((some) => exists(template, some, this.made))) {
        const before = this.made.get(id);
        touched.push(id);
        if (!before) {
          this.create(template, id);
        } else if (this.change(template, before)) {
          retired.push(before);
        }
      }
    } catch (error) {
      return this.rollBackUpdate(old, touched, reasonOf(error));
    }
    const removed = new DependencyGraph(this.template)
      .deletion()
      .filter((id) => this.made.has(id) && !(id in template.Resources));
    const leftBehind = this.cleanUp([
      ...retired.map((resource) => ({ resource, policy: policy(template, resource.id, 'UpdateReplacePolicy') })),
      ...removed.map((id) => ({ resource: this.made.get(id) as Resource, policy: policy(this.template, id) })),
    ]);
    for (const id of removed) {
      this.made.delete(id);
    }
    return this.end(template, 'UPDATE_COMPLETE', undefined, leftBehind);
  }

  /** Deletes what is left of the stack: again after a failure, as a user would. */
  public destroy(options: PlayOptions = {}): Outcome {
    this.begin(options);
    try {
      this.removeAll(this.template, ['Retain', 'RetainExceptOnCreate'], options.first);
    } catch (error) {
      return this.end(this.template, 'DELETE_FAILED', reasonOf(error));
    }
    return this.end({ Resources: {} }, 'DELETE_COMPLETE');
  }

  private rollBackCreation(template: Template, reason: string): Outcome {
    try {
      // What is retained stays also here, and the next attempt finds it in its way: only RetainExceptOnCreate differs.
      this.removeAll(template, ['Retain']);
    } catch (error) {
      return this.end(template, 'ROLLBACK_FAILED', `${reason}; then: ${reasonOf(error)}`);
    }
    return this.end({ Resources: {} }, 'ROLLBACK_COMPLETE', reason);
  }

  /** Old properties first, in the old order; then what was new goes. */
  private rollBackUpdate(
    old: { template: Template; made: Map<string, Resource> },
    touched: readonly string[],
    reason: string,
  ): Outcome {
    const created = [...this.made.values()].filter(({ id, physicalId }) => old.made.get(id)?.physicalId !== physicalId);
    const order = new DependencyGraph(old.template).creation();
    for (const id of order.filter((some) => touched.includes(some))) {
      const before = old.made.get(id);
      const now = this.made.get(id);
      // The resource whose update failed may have changed all the same, so it gets its old properties too.
      const failed = id === touched[touched.length - 1];
      if (before && now?.physicalId === before.physicalId && (failed || !same(before.properties, now.properties))) {
        this.step('update', before, () => this.send('update', before), true);
      }
    }
    const position = new DependencyGraph(this.attempted).deletion();
    created.sort((a, b) => position.indexOf(a.id) - position.indexOf(b.id));
    const leftBehind = this.cleanUp(
      created.map((resource) => {
        const kept = policy(this.attempted, resource.id);
        return { resource, policy: kept === 'RetainExceptOnCreate' ? 'Delete' : kept };
      }),
    );
    this.made.clear();
    for (const [id, resource] of old.made) {
      this.made.set(id, resource);
    }
    return this.end(old.template, 'UPDATE_ROLLBACK_COMPLETE', reason, leftBehind);
  }

  private create(template: Template, id: string): void {
    this.attempted = template;
    const { Type: type } = template.Resources[id];
    const resource = {
      id,
      type,
      physicalId: physicalIdOf(type, id, this.generation),
      properties: this.read(template, id),
    };
    try {
      this.step('create', resource, () => this.send('create', resource));
    } catch (error) {
      // CloudFormation deletes what failed half-way, too. CDK's provider framework answers that deletion itself
      // (CREATE_FAILED marker), so that it never reaches the kubectl handler.
      if (this.options.faultTakesEffect && !handlerOf(type, this.cloud)) {
        this.made.set(id, resource);
      }
      throw error;
    }
    this.made.set(id, resource);
  }

  /** Updates in place, or makes a new resource and says so. */
  private change(template: Template, before: Resource): boolean {
    this.attempted = template;
    const { id, type } = before;
    const properties = this.read(template, id);
    if (same(properties, before.properties)) {
      return false;
    }
    if ((REPLACING[type] ?? []).some((name) => !same(properties[name], before.properties[name]))) {
      this.create(template, id);
      return true;
    }
    const resource = { ...before, properties };
    this.step('update', resource, () => this.send('update', resource));
    this.made.set(id, resource);
    return false;
  }

  /** A deletion that waits holds up what it depends on, and nothing else: CloudFormation deletes in parallel. */
  private removeAll(template: Template, kept: readonly string[], first?: readonly string[]): void {
    const graph = new DependencyGraph(template);
    let left = graph.deletion(first).filter((id) => this.made.has(id));
    while (left.length > 0) {
      let waiting: Waiting | undefined;
      const held: string[] = [];
      for (const id of left) {
        try {
          if (held.some((other) => graph.waitsFor(other, id))) {
            held.push(id);
          } else {
            this.remove(template, id, kept);
          }
        } catch (error) {
          if (!(error instanceof Waiting)) {
            throw error;
          }
          waiting ??= error;
          held.push(id);
        }
      }
      if (waiting && held.length === left.length) {
        throw waiting;
      }
      left = held;
    }
  }

  private remove(template: Template, id: string, kept: readonly string[]): void {
    const resource = this.made.get(id);
    if (resource && kept.includes(policy(template, id))) {
      this.kept.push(whatIs(resource));
    } else if (resource) {
      this.step('delete', resource, () => this.send('delete', resource));
    }
    this.made.delete(id);
  }

  private cleanUp(retired: readonly { resource: Resource; policy: string }[]): string[] {
    const leftBehind: string[] = [];
    for (const { resource, policy: kept } of retired) {
      if (kept.startsWith('Retain')) {
        this.kept.push(whatIs(resource));
        continue;
      }
      try {
        this.step('delete', resource, () => this.send('delete', resource));
      } catch (error) {
        leftBehind.push(`${whatIs(resource)}: ${reasonOf(error)}`);
      }
    }
    return leftBehind;
  }

  private send(action: Action, { type, physicalId, properties }: Resource): void {
    const handler = handlerOf(type, this.cloud);
    if (handler) {
      handler[action](properties);
    } else if (action === 'delete') {
      this.cloud.delete(physicalId);
    } else {
      this.cloud[action](physicalId, type, properties);
    }
  }

  private step(action: Action, resource: Resource, act: () => void, safe = false): void {
    const fails = !safe && this.steps.length === this.options.faultAt;
    this.steps.push({ action, id: resource.id, what: whatIs(resource) });
    if (!fails || this.options.faultTakesEffect) {
      act();
    }
    if (fails) {
      throw new StepError(`injected: ${action} of ${whatIs(resource)} failed`);
    }
  }

  private read(template: Template, id: string): Json {
    return resolve(template.Resources[id].Properties ?? {}, template, this.made);
  }

  private begin(options: PlayOptions): void {
    this.steps = [];
    this.kept = [];
    this.options = options;
    this.generation++;
  }

  private end(template: Template, status: Status, reason?: string, leftBehind: string[] = []): Outcome {
    this.template = template;
    this.cloud.rest();
    return { status, reason, steps: this.steps, leftBehind, kept: this.kept };
  }
}

function whatIs({ id, type, properties }: Resource): string {
  return labelOf(id, { Type: type, Properties: properties });
}

function exists(template: Template, id: string, made: ReadonlyMap<string, Made>): boolean {
  const condition = template.Resources[id].Condition;
  return condition === undefined || holds(condition, template, made);
}

function policy(template: Template, id: string, name = 'DeletionPolicy'): string {
  return template.Resources[id][name] ?? 'Delete';
}

function reasonOf(error: unknown): string {
  if (error instanceof StepError) {
    return error.message;
  }
  // Anything else is a mistake of the player's.
  throw error;
}
