export * from './efs-model-volume';
export * from './model-store';
