import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelSettings } from '../../src/serve/model-settings.js';

describe("a model's own settings", () => {
  const given = async (text: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'model-settings-'));
    writeFileSync(join(folder, 'runtime_config.json'), text);
    return { folder, settings: modelSettings({ folder, name: 'x' }, { argv: [], env: {} }) };
  };

  it('count where nothing else is set', async () => {
    expect((await (await given('{"max_model_len": 96}')).settings).maxModelLen).toBe(96);
  });

  it.each(['{', '[]', '7'])('are refused where they are %s', async (text) => {
    const { folder, settings } = await given(text);
    await expect(settings).rejects.toThrow(
      `${folder}/runtime_config.json is no JSON object; write {"max_model_len": 8192}, for example, or remove the file`,
    );
  });
});
