import { App } from 'aws-cdk-lib';
import { ApiObject } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { RightSized } from '../../examples/cdk-deploy/right-sized';
import { OwnImage } from '../../examples/own-image/own-image';
import { checked } from '../../lib/rules/checked';

describe('every object of the examples', () => {
  test.each([
    ['blueprint', Blueprint],
    ['right-sized', RightSized],
    ['own-image', OwnImage],
  ])('breaks no rule, or one that is acknowledged: %s', (name, Example) => {
    const app = new App();
    new Example(app, name);
    const objects = app.node.findAll().filter(ApiObject.isApiObject) as ApiObject[];
    expect(objects.length).toBeGreaterThan(5);
    for (const object of objects) {
      expect(() => checked(object, object.toJson())).not.toThrow();
    }
  });
});
