// SPDX-License-Identifier: Apache-2.0
#include "proxy/net/clock_watch.h"

#include <array>
#include <ctime>
#include <string>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "proxy/net/upstream_clocks.h"
#include "test/support/memory_net.h"
#include "test/support/text.h"

namespace keyswap::test {

namespace {

using keyswap::test::has;

// A client that asks h.test, over one connection to it.
class Asking {
 public:
  Asking() {
    around.context.upstreams.clocks = &clocks;
    client = &around.connect();
  }

  // What was recorded with the answer. `fields`: further ones, each with its line end.
  std::string ask(const std::string& date,
                  const std::string& fields = "",
                  const std::string& status = "200 OK") {
    client->say(
        "GET https://h.test/k/1 HTTP/1.1\r\nHost: h.test\r\n"
        "Authorization: Bearer kswp_PLACEHOLDER_000000000001\r\n\r\n");
    around.settle();
    if (host == nullptr) {
      host = &around.answer_dial();
      host->serve_tls("h.test");
    }
    around.settle_durably();
    host->say("HTTP/1.1 " + status + "\r\n" + date + fields + "Content-Length: 2\r\n\r\nok");
    around.settle();
    return around.log.last();
  }

  // A Date that is so many seconds ahead of our clock.
  [[nodiscard]] std::string date(std::int64_t ahead_s) const {
    const auto time = static_cast<std::time_t>(around.context.now_s() + ahead_s);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 64> text{};
    const std::size_t size =
        std::strftime(text.data(), text.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    return {text.data(), size};
  }

  [[nodiscard]] std::int64_t shift_ms() const {
    return net::clock_shift_us(around.context,
                               around.context.policy,
                               {flow::Protocol::https, {"h.test", 443, http::HostKind::name}}) /
           1'000;
  }

  net::UpstreamClocks clocks;
  MemoryNet around;
  Peer* client = nullptr;
  Peer* host = nullptr;
};

}  // namespace

TEST_CASE("an upstream whose Date is 90 s off leaves a record, and is followed") {
  Asking asking;
  const std::string told = asking.ask(asking.date(90));
  CAPTURE(told);
  CHECK(has(told, R"("type":"upstream_clock","event":"differs","host":"h.test","port":443,)"));
  CHECK(asking.shift_ms() > 88'000);
  CHECK(asking.shift_ms() <= 90'000);
  CHECK_FALSE(asking.around.context.telling->is_due("h.test", "clock differs"));
  // That is what is known of h.test at 443 over TLS, and of nobody else.
  const auto& context = asking.around.context;
  CHECK(net::clock_shift_us(context, context.policy, {flow::Protocol::http, {"h.test", 443}}) == 0);
  CHECK(net::clock_shift_us(context, context.policy, {flow::Protocol::https, {"i.test", 443}}) ==
        0);
}

TEST_CASE("a clock that agrees leaves no record, and one that is a day off is not followed") {
  Asking right;
  CHECK_FALSE(has(right.ask(right.date(0)), "upstream_clock"));
  CHECK(right.shift_ms() == 0);
  Asking hostile;
  CHECK(has(hostile.ask(hostile.date(86'400)), R"("event":"too_far")"));
  CHECK(hostile.shift_ms() == 0);
}

TEST_CASE("nothing is made of a Date that is no upstream's word of now") {
  struct Said {
    std::string fields;
    std::string status = "200 OK";
    bool has_date = true;
  };

  for (const Said& said : {Said{"Age: 90\r\n"},
                           Said{"Age: x\r\n"},
                           Said{"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},  // a second one
                           Said{"", "302 Found"},
                           Said{"", "500 No"},
                           Said{"Date: yesterday\r\n", "200 OK", false},
                           Said{"", "200 OK", false}}) {
    CAPTURE(said.fields, said.status);
    Asking asking;
    const std::string date = said.has_date ? asking.date(90) : "";
    CHECK_FALSE(has(asking.ask(date, said.fields, said.status), "upstream_clock"));
    CHECK(asking.shift_ms() == 0);
  }
  Asking fresh;
  CHECK(has(fresh.ask(fresh.date(90), "Age: 0\r\n", "400 No"), "upstream_clock"));
}

TEST_CASE("the Dates of a connection are looked at once a second, and nobody has to look at all") {
  Asking asking;
  asking.ask(asking.date(0));
  asking.ask(asking.date(90));
  CHECK(asking.shift_ms() == 0);
  asking.around.pass(base::bounds::kClockLookMs);
  asking.ask(asking.date(90));
  CHECK(asking.shift_ms() == 0);  // it contradicts the first
  asking.around.pass(base::bounds::kClockLookMs);
  asking.ask(asking.date(90));
  CHECK(asking.shift_ms() != 0);

  Asking unwatched;
  unwatched.around.context.upstreams.clocks = nullptr;
  CHECK_FALSE(has(unwatched.ask(unwatched.date(90)), "upstream_clock"));
  CHECK(unwatched.shift_ms() == 0);
}

TEST_CASE("over plain HTTP anybody could say what time it is, so nobody is asked") {
  Asking asking;
  asking.client->say("GET http://plain.test/p HTTP/1.1\r\nHost: plain.test\r\n\r\n");
  asking.around.settle();
  Peer& host = asking.around.answer_dial();
  asking.around.settle_durably();
  host.say("HTTP/1.1 200 OK\r\n" + asking.date(90) + "Content-Length: 2\r\n\r\nok");
  asking.around.settle();
  CHECK_FALSE(has(asking.around.log.last(), "upstream_clock"));
  CHECK_FALSE(asking.clocks.may_shift());
}

}  // namespace keyswap::test
