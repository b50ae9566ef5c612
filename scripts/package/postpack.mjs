// npm's "postpack" step: the checkout is left as it was before prepack.mjs.
import { helpIfAsked } from '../support/help.mjs'
import { restoreFolders } from './checkout.mjs'

helpIfAsked(`Usage: node scripts/package/postpack.mjs

Brings dist/ and prebuilds/ back that prepack.mjs has put aside, also after a packing that was cut off.
`)

restoreFolders()
