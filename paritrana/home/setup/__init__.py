"""The guided path on which a cycle is set up, and the winners that provinces send to the nation."""
