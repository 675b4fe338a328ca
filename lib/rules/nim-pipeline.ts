import { Enforcer, NIM_BUILD, NIM_PIPELINE, OPERATOR, type Rule, refused } from './rule';

const kinds = [NIM_PIPELINE];
const CONTROLLER = `${OPERATOR} internal/controller/nimpipeline_controller.go`;

/** Rules of NIMPipeline and NIMBuild objects, beside those that services of a pipeline share with NIMService. */
export const NIM_PIPELINE_RULES: readonly Rule[] = [
  {
    id: 'nim-pipeline/enabled',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${CONTROLLER}: a service without enabled is off`,
    *check(object) {
      for (const enabled of object.at('spec', 'services').items.map((service) => service.at('enabled'))) {
        if (!enabled.given) {
          yield refused(enabled, 'true or false, as a service without it is off', 'write enabled: true');
        }
      }
    },
  },
  {
    id: 'nim-pipeline/dependency-env',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: `${CONTROLLER}: a dependency without both envName and envValue is skipped`,
    *check(object) {
      const services = object.at('spec', 'services').items;
      for (const dependency of services.flatMap((service) => service.at('dependencies').items)) {
        const found = ['envName', 'envValue'].filter(
          (name) => !['', undefined, null].includes(dependency.at(name).value as string),
        );
        if (found.length < 2) {
          yield refused(dependency, 'envName and envValue, without which nothing is injected', 'write both', found);
        }
      }
    },
  },
  {
    id: 'nim-build/gpu-given',
    kinds: [NIM_BUILD],
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/nimbuild_controller.go: "nvidia.com/gpu is already set in resources"`,
    *check(object) {
      const gpus = object.at('spec', 'resources', 'requests', 'nvidia.com/gpu');
      if (gpus.given) {
        yield refused(gpus, 'none, as the build takes the GPUs that its profile is tagged with', 'leave it out');
      }
    },
  },
];
