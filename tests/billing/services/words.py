"""The documents that a company's console sends about its billing."""

SUBSCRIPTION = """status access notice plan title interval intervalCount currency seats includedSeats amount paused endsAt resumesAt trialEnd
    items { offer title kind quantity price amount }"""
CHECKOUT = """mutation($input: BillingCheckoutInput!, $key: String) { it: billingCheckout(input: $input, idempotencyKey: $key) {
    result { url checkout } userErrors { field code message } } }"""
PORTAL = "mutation { it: billingPortal { result { url } userErrors { code } } }"
SHOW = f"{{ it: billingSubscription {{ {SUBSCRIPTION} }} }}"
PREVIEW = """query($plan: String, $interval: Interval, $seats: Int, $additions: [String!]) {
    it: billingChangePreview(plan: $plan, interval: $interval, seats: $seats, additions: $additions) {
        token now currency subtotal discount tax total due recurring interval goodUntil
        lines { description quantity amount proration periodStart periodEnd } } }"""
CHANGE = f"""mutation($token: String!, $key: String) {{ it: billingChange(input: {{token: $token}}, idempotencyKey: $key) {{
    result {{ {SUBSCRIPTION} }} userErrors {{ field code message }} }} }}"""
INVOICES = """query($first: Int, $after: String) { it: billingInvoices(first: $first, after: $after) { more nodes {
    id number status currency subtotal discount tax total due remaining page pdf lines { description amount proration } } } }"""
NEXT = "{ it: billingNextInvoice { at currency subtotal discount tax total due lines { description amount } } }"
CONTACT = "{ it: billingContact { name email line1 line2 city state postalCode country } }"
SET_CONTACT = """mutation($input: BillingContactUpdateInput!) { it: billingContactUpdate(input: $input) {
    result { name email line1 city country } userErrors { field code } } }"""
TAX_IDS = "{ it: billingTaxIds { id type value country status } }"
ADD_TAX_ID = """mutation($type: String!, $value: String!) { it: billingTaxIdAdd(input: {type: $type, value: $value}) {
    result { id type value country status } userErrors { field code } } }"""
REMOVE_TAX_ID = """mutation($id: String!) { it: billingTaxIdRemove(input: {id: $id}) {
    result { id } userErrors { field code } } }"""
OFFERS = """{ it: moduleSwitchOffers { module state alwaysOn entitled boughtBy
    offers { offer kind title amount currency interval } } }"""
IMPACT = """query($module: String!) { it: billingModuleImpact(module: $module) { amount currency interval
    saved { offer title amount } impact { goesOff { label records { kind count } } keptOnBy } } }"""
ENABLE = """mutation($modules: [String!]!) { it: moduleEnable(input: {modules: $modules}) {
    result { modules { label state } } userErrors { field code message details } } }"""


def act(name: str, given: str = "") -> str:
    """Return a mutation that answers with the subscription."""
    asked = f"(input: {{{given}}})" if given else ""
    return f"mutation {{ it: {name}{asked} {{ result {{ {SUBSCRIPTION} }} userErrors {{ field code message }} }} }}"
