export * from './rule-acknowledgement';
