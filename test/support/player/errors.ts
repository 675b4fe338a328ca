/** What a service or kubectl answers; CloudFormation fails the resource with it. */
export class StepError extends Error {}

/** A deletion that waits for something else, and is given up only when the handler's Lambda function runs out of time. */
export class Waiting extends StepError {}
