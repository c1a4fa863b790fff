import { as, field, has, json, keepLogin, known, of, type Step } from './documented-steps.ts';
import { password } from './people.ts';

/** Coming in, and what is told to everybody. */
export const people: Step[] = [
  { operation: 'getHealth' },
  { operation: 'getReadiness' },
  { operation: 'getMetrics' },
  { operation: 'getWebRtc' },
  { operation: 'getAccess', given: () => as('bob') },
  {
    operation: 'signUp',
    keep: keepLogin('ada'),
    after: () => {
      const again = json({ email: 'ada@example.com', password });
      return [
        ['email-taken', again],
        ['too-many-requests', again],
      ];
    },
  },
  {
    operation: 'logIn',
    keep: keepLogin('ada'),
    before: () => [['login-failed', json({ email: 'ada@example.com', password: 'a wrong one' })]],
  },
  {
    operation: 'refreshLogin',
    given: () => json({ refreshToken: has('refresh of ada') }),
    keep: keepLogin('ada'),
    before: () => {
      const twice = json({ refreshToken: has('refresh of cyd') });
      return [
        ['unauthorized', json({ refreshToken: 'eyJh…' })],
        ['refresh-token-reused', [twice, twice]],
      ];
    },
  },
  { operation: 'getAccount', given: () => as('ada') },
  {
    operation: 'listAccounts',
    given: () => as('admin'),
    keep: ({ json: page }) => {
      const { items } = page as { items: { id: string; email: string }[] };
      for (const { id, email } of items) known[`id of ${email}`] = id;
    },
    before: () => [['forbidden', as('ada')]],
  },
  {
    operation: 'setAccount',
    given: () => ({ ...as('admin'), ...of('id of ada@example.com') }),
    before: () => [
      ['forbidden', { ...as('ada'), ...of('id of ada@example.com'), ...json({ role: 'admin' }) }],
    ],
  },
  {
    operation: 'createApiKey',
    given: () => as('ada'),
    keep: answer => {
      known['id of key'] = field(answer, 'id');
      known.key = field(answer, 'key');
    },
    after: () => [['forbidden', { ...as('key'), ...json({ name: 'another' }) }]],
  },
  { operation: 'listApiKeys', given: () => as('ada'), before: () => [['forbidden', as('key')]] },
  {
    operation: 'changeAccount',
    given: () => as('ada'),
    before: () => {
      const change = { email: 'bob@example.com', currentPassword: password };
      return [
        ['forbidden', { ...as('key'), ...json(change) }],
        ['login-failed', { ...as('ada'), ...json({ ...change, currentPassword: 'a wrong one' }) }],
        ['email-taken', { ...as('ada'), ...json(change) }],
      ];
    },
  },
];
