import { describe, expect, test } from 'vitest';
import { VolumeAccessMode } from '../../lib/crds';
import { ModelStore } from '../../lib/storage';
import { llamaCache, llamaService, nimChart, theOnly } from '../support/chart';

describe('a store by the name of a claim', () => {
  test("is shared, of NIM's own user, and cautiously slow unless said otherwise", () => {
    expect(ModelStore.fromClaimName('models')).toEqual({
      claimName: 'models',
      accessMode: 'ReadWriteMany',
      userId: 1000,
      groupId: 2000,
      readMibPerSecond: 100,
    });
  });

  test('hands its user, group, mode and claim on to cache and service', () => {
    const chart = nimChart();
    const store = ModelStore.fromClaimName('local', {
      accessMode: VolumeAccessMode.READ_WRITE_ONCE,
      userId: 7,
      groupId: 8,
    });
    llamaService(chart, {}, llamaCache(chart, { store }));
    expect(theOnly(chart, 'NIMCache').spec).toMatchObject({
      storage: { pvc: { name: 'local', volumeAccessMode: 'ReadWriteOnce' } },
      userID: 7,
      groupID: 8,
    });
    expect(theOnly(chart, 'NIMService').spec).toMatchObject({ userID: 7, groupID: 8 });
  });
});
