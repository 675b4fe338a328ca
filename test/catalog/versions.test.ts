import { expect, it } from 'vitest';
import { TestedVersions } from '../../lib/catalog';

it('pins the versions that the facts were read from', () => {
  expect({ ...TestedVersions }).toEqual({
    NIM_OPERATOR: '3.1.2',
    KARPENTER: '1.14.1',
    NVIDIA_DEVICE_PLUGIN: '0.20.0',
    CERT_MANAGER: 'v1.21.1',
    EXTERNAL_SECRETS: '2.8.0',
    KUBERNETES: '1.36',
    AL2023_GPU_AMI_ALIAS: 'al2023@v20260714',
  });
});

it('pins the AMI alias in the form and length that an EC2NodeClass admits', () => {
  expect(TestedVersions.AL2023_GPU_AMI_ALIAS).toMatch(/^al2023@v\d{8}$/);
  expect(TestedVersions.AL2023_GPU_AMI_ALIAS.length).toBeLessThanOrEqual(30);
});
