// How a Relay app pages a list, refetches a row, and takes a deleted one out of what it shows.
declare function graphql(text: TemplateStringsArray): unknown;

export const list = graphql`
  fragment CustomersList on Query
  @refetchable(queryName: "CustomersListPage")
  @argumentDefinitions(first: { type: "Int", defaultValue: 50 }, after: { type: "String" }) {
    parties(first: $first, after: $after, orderBy: [{ field: NAME }]) @connection(key: "CustomersList_parties") {
      edges { node { id ...CustomersRow } }
    }
  }
`;

export const row = graphql`
  fragment CustomersRow on Party @refetchable(queryName: "CustomersRowRefetch") {
    code
    name
    version
  }
`;

export const create = graphql`
  mutation CustomersCreateMutation($input: PartyCreateInput!) {
    partyCreate(input: $input) {
      node { ...CustomersRow }
      userErrors { field message code }
    }
  }
`;

export const remove = graphql`
  mutation CustomersRemoveAddressMutation($id: ID!, $connections: [ID!]!) {
    addressDelete(id: $id) {
      id @deleteEdge(connections: $connections)
      userErrors { field message code }
    }
  }
`;
