export * from './ordered-app';
