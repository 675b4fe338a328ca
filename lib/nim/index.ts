export * from './model-source';
export * from './namespace';
export * from './ngc-credentials';
export * from './nim-cache';
export * from './nim-profile';
export * from './nim-service';
export * from './serving-image';
