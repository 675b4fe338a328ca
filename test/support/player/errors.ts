/** What a service or kubectl answers; CloudFormation fails the resource with it. */
export class StepError extends Error {}
