import type { Checkpoint } from '../checkpoint/index.js';
import type { Generator } from '../generation/port.js';
import { tokenizerCodec } from '../generation/tokenizer-codec.js';
import { Grammars } from '../grammar/grammars.js';
import { grammarVocabulary } from '../grammar/vocabulary.js';
import type { ChatTemplate } from '../openai/chat-template.js';
import type { ServedModel } from '../openai/service.js';
import { SettingError } from '../settings/setting-error.js';
import type { Settings } from '../settings/settings.js';
import { parserForTemplate, TOOL_PARSERS } from '../tools/model-parsers.js';

export interface ServedModelParts {
  /** Where NIM_SERVED_MODEL_NAME gives none. */
  readonly name: string;
  readonly settings: Settings;
  readonly checkpoint: Checkpoint;
  readonly generator: Generator;
}

/** Puts together what the routes need of a model. Its grammars start their thread with the first request that has one. */
export function servedModel({ name, settings, checkpoint, generator }: ServedModelParts): ServedModel {
  const { tokenizer, template, endTokens, sampling } = checkpoint;
  const [first = name, ...others] = settings.servedModelName ?? [];
  return {
    names: [first, ...others],
    generator,
    codec: tokenizerCodec(tokenizer),
    template,
    defaults: sampling,
    endTokens,
    grammars: new Grammars(grammarVocabulary(tokenizer, generator.vocabulary, endTokens)),
    toolParser: toolParserOf(settings, template),
    created: Math.floor(Date.now() / 1000),
    line: settings.apiLine,
    requestStats: settings.perRequestMetrics,
  };
}

/**
 * The parser of NIM_TOOL_CALL_PARSER, or the one that fits the chat template.
 *
 * @throws SettingError for a name that is no parser
 */
export function toolParserOf(
  { autoToolChoice, toolCallParser }: Pick<Settings, 'autoToolChoice' | 'toolCallParser'>,
  template: ChatTemplate | undefined,
): string | undefined {
  if (toolCallParser !== undefined && !Object.hasOwn(TOOL_PARSERS, toolCallParser)) {
    throw new SettingError(
      `NIM_TOOL_CALL_PARSER is "${toolCallParser}", allowed are ${Object.keys(TOOL_PARSERS).join(', ')}; ` +
        'leave it unset to take the one that fits the chat template',
    );
  }
  if (!autoToolChoice) {
    return undefined;
  }
  return toolCallParser ?? (template && parserForTemplate(template.source));
}
