// The player with the API server's own word on every object that the examples, and their changes, send.
import { TaintEffect } from 'nim-constructs/crds';
import { beforeAll, describe, expect, it } from 'vitest';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { RightSized } from '../../examples/cdk-deploy/right-sized';
import { admissionSkip, admit } from '../support/admission';
import { Player, type Template } from '../support/player';
import { example, program } from '../support/player/programs';
import type { Json } from '../support/stack';

/** Templates that follow each other on one stack. */
const HISTORIES: Record<string, Template[]> = {
  Blueprint: [example((app) => new Blueprint(app, 'NimBlueprint'))],
  RightSized: [example((app) => new RightSized(app, 'NimRightSized'))],
  'a second model': [program(), program({ models: { Llama: {}, Second: {} } })],
  'a new tag': [program(), program({ models: { Llama: { tag: '2.0.5' } } })],
  'another pool': [program(), program({ pools: { Fast: {} } })],
  'other taints': [
    program(),
    program({ pools: { L40S: { taints: [{ key: 'example.com/models', effect: TaintEffect.NO_EXECUTE }] } } }),
  ],
  'two replicas': [program(), program({ models: { Llama: { replicas: 2 } } })],
};

const verdicts = new Map<string, readonly string[]>();

/** One process answers for all objects, so they are collected first; the player then asks again, one by one. */
beforeAll(() => {
  if (admissionSkip) {
    return;
  }
  const objects = Object.values(HISTORIES).flatMap((history) => play(history).sent);
  for (const [index, errors] of admit(objects).entries()) {
    verdicts.set(JSON.stringify(objects[index]), errors);
  }
});

function play([first, ...changes]: Template[], admission?: (object: Json) => readonly string[]) {
  const player = new Player(admission);
  const outcomes = [player.deploy(first), ...changes.map((next) => player.update(next))];
  return { outcomes, sent: player.cloud.cluster.sent };
}

const judge = (object: Json) => verdicts.get(JSON.stringify(object)) ?? ['the API server was not asked'];

describe.skipIf(admissionSkip)(`the API server${admissionSkip ? ` (${admissionSkip})` : ''}`, () => {
  it.each(Object.entries(HISTORIES))('takes every object of %s', (_, history) => {
    for (const outcome of play(history, judge).outcomes) {
      expect(outcome.status, outcome.reason).toMatch(/^(CREATE|UPDATE)_COMPLETE$/);
    }
  });

  it('is asked about every kind of object there is', () => {
    expect([...new Set([...verdicts.keys()].map((object) => JSON.parse(object).kind))].sort()).toEqual([
      'EC2NodeClass',
      'ExternalSecret',
      'NIMCache',
      'NIMService',
      'Namespace',
      'NodePool',
      'PersistentVolumeClaim',
      'PodDisruptionBudget',
      'SecretStore',
      'StorageClass',
    ]);
  });
});

describe('an object that the API server refuses', () => {
  it('fails its resource in its words, and the stack rolls back', () => {
    const refuse = ({ kind }: Json) => (kind === 'NIMService' ? ['spec.replicas: Invalid value: -1'] : []);
    const [outcome] = play([program()], refuse).outcomes;
    expect(outcome).toMatchObject({
      status: 'ROLLBACK_COMPLETE',
      reason: 'The NIMService nim/llama is invalid: spec.replicas: Invalid value: -1',
    });
  });
});
