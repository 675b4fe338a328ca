export * from './gpu-node-pool';
export * from './node-environment';
export * from './pool-choice';
