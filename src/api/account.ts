/** What an account may use of the server (docs/accounts.md): each level carries quotas. */
export const levels = ['free', 'pro', 'pro-plus'] as const;
export type Level = (typeof levels)[number];

/** `admin`: sees and changes everything, and sets the levels of others. */
export const roles = ['user', 'admin'] as const;
export type Role = (typeof roles)[number];
