// SPDX-License-Identifier: Apache-2.0
//
// The requests whose work is counted, with the bindings that judge them and the answers to them:
// the ordinary one, and the worst that a client can send in a head of 64 KB.
#pragma once

#include <string>
#include <vector>

#include "audit/record.h"
#include "test/cost/core.h"

namespace keyswap::work {

struct Input {
  std::string name;
  std::string bindings;  // YAML
  std::string request;
  audit::Reason expected = audit::Reason::binding_matched;
  Core::Entry entry = Core::Entry::tunnel;
  std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
};

// A GET on a connection that is kept, with a secret in one header; the answer has 1 KB.
Input ordinary();
// The same with an answer of 1 MB, in chunks or not.
Input long_answer();
Input long_answer_in_chunks();
// As bad as heads get, as far as is known: each kind of field line, each kind of path and query,
// and the worst of both in one head. Where paths are judged, by 20 rules with wildcards.
std::vector<Input> worst_heads();

}  // namespace keyswap::work
