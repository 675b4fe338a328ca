// The built-in CloudFormation validator costs a second per test file; test/integration/template-validation.test.ts runs it once.
process.env.CDK_VALIDATION = 'false';
