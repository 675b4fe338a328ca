export * from './gpu-node-pool';
export * from './gpu-node-pool-options';
export * from './node-environment';
export * from './pool-choice';
