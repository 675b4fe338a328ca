/** The kinds of errors that both lines of NIM name, with their HTTP status. */
const STATUS = {
  BadRequestError: 400,
  AuthenticationError: 401,
  NotFoundError: 404,
  RequestTimeoutError: 408,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  UnprocessableEntityError: 422,
  RateLimitError: 429,
  RequestHeaderFieldsTooLarge: 431,
  InternalServerError: 500,
  ServiceUnavailableError: 503,
} as const;

export type ApiErrorType = keyof typeof STATUS;

export interface ApiErrorOptions {
  /** Field of the request, such as `messages[0].role`. */
  readonly param?: string;
  /** Seconds after which another try may succeed. */
  readonly retryAfter?: number;
}

/** An answer that is no success. The message says the field, what was given, what is allowed and what to do. */
export class ApiError extends Error {
  public readonly type: ApiErrorType;
  public readonly param: string | null;
  public readonly retryAfter?: number;

  public constructor(type: ApiErrorType, message: string, options: ApiErrorOptions = {}) {
    super(message);
    this.type = type;
    this.param = options.param ?? null;
    this.retryAfter = options.retryAfter;
  }

  public get status(): number {
    return STATUS[this.type];
  }
}

/** Which line of NIM the bodies follow: 1.x has error fields at the top, 2.x below `error`. */
export type ApiLine = '1' | '2';

/** The body of an error, as the OpenAI clients and both lines of NIM have it. */
export function errorBody(error: ApiError, line: ApiLine): object {
  const fields = { message: error.message, type: error.type, param: error.param, code: error.status };
  return line === '1' ? { object: 'error', ...fields } : { error: fields };
}

/** The error of a status that no route made: unknown path, body too large, malformed JSON. */
export function typeOfStatus(status: number): ApiErrorType {
  const found = (Object.keys(STATUS) as ApiErrorType[]).find((type) => STATUS[type] === status);
  return found ?? (status < 500 ? 'BadRequestError' : 'InternalServerError');
}
