import { AddressGuard } from '../fetch/address-guard.ts';
import type { Database } from '../store/database.ts';
import { ImportStore } from './import-store.ts';
import { type ImportParts, Imports } from './imports.ts';

/** Opens the imports of a server, and queues what an earlier one left unqueued. */
export async function openImports(
  parts: Omit<ImportParts, 'imports' | 'guard'> & {
    readonly database: Database;
    readonly importAllowNetworks: readonly string[];
  },
): Promise<Imports> {
  const guard = new AddressGuard({
    allowNetworks: parts.importAllowNetworks,
    openedBy: 'IMPORT_ALLOW_NETWORKS',
  });
  const imports = new Imports({ ...parts, imports: new ImportStore(parts.database), guard });
  await imports.recover();
  return imports;
}
