// SPDX-License-Identifier: Apache-2.0
//
// How much locked memory a WebSocket holds where messages are signed, and until when (I1, I10).
#include <list>

#include "proxy/flow/websocket.h"
#include "test/support/dialogue.h"
#include "vault/arena.h"

namespace keyswap::flow {

using test::Dialogue;
using test::has;
using test::order;

TEST_CASE("WebSockets of one loop that look for the same secrets hold them once", "[I1][I10]") {
  KnownSecrets known;
  std::list<Dialogue> dialogues;
  for (int i = 0; i < 3; ++i) {
    dialogues.emplace_back(test::kTrading, &known);
  }
  dialogues.front().client(order("1"));
  const std::size_t free_with_one = vault::arena::free_bytes();
  for (Dialogue& dialogue : dialogues) {
    dialogue.client(order("2"));
    CHECK(has(dialogue.transcript(), "to upstream (secret): {"));
  }
  // Their messages were sent, and wait for their replies.
  CHECK(vault::arena::free_bytes() == free_with_one);
}

TEST_CASE("a message that will not be sent lets go of its secrets at once", "[I1]") {
  KnownSecrets known;
  Dialogue dialogue(test::kTrading, &known);
  dialogue.client(order("1"));
  const std::size_t free_before = vault::arena::free_bytes();
  dialogue.records_are_durable = false;
  dialogue.client(order("2"));
  CHECK(vault::arena::free_bytes() == free_before);
  dialogue.answers_records = false;
  dialogue.client(order("3")).on(SideGone{Side::client});
  CHECK(vault::arena::free_bytes() == free_before);
}

}  // namespace keyswap::flow
