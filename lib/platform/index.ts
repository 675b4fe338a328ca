export * from './nim-model';
export * from './nim-platform';
