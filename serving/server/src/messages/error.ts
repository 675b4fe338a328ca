import type { ApiError, ApiErrorType } from '../openai/api-error.js';

/** The names that clients of the Messages API know. */
const NAMES: Readonly<Record<ApiErrorType, string>> = {
  BadRequestError: 'invalid_request_error',
  AuthenticationError: 'authentication_error',
  NotFoundError: 'not_found_error',
  RequestTimeoutError: 'timeout_error',
  RequestEntityTooLarge: 'request_too_large',
  UnsupportedMediaType: 'invalid_request_error',
  UnprocessableEntityError: 'invalid_request_error',
  RateLimitError: 'rate_limit_error',
  RequestHeaderFieldsTooLarge: 'request_too_large',
  InternalServerError: 'api_error',
  ServiceUnavailableError: 'overloaded_error',
};

/** An error as the Messages API has it. */
export function messagesError(error: ApiError): { readonly type: 'error'; readonly error: object } {
  return { type: 'error', error: { type: NAMES[error.type], message: error.message } };
}
