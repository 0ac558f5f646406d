// SPDX-License-Identifier: Apache-2.0
#include "proxy/cli/serve_lock.h"

#include <filesystem>

#include <catch2/catch.hpp>

#include "proxy/base/bounds.h"
#include "test/support/temp_home.h"

namespace keyswap::cli {

namespace {

using Byte = ServeLock::Byte;
using Kind = ServeLock::Kind;

std::optional<ServeLock> take(const cli::Home& home, Byte byte, Kind kind) {
  auto taken = ServeLock::take(home, byte, kind, ServeLock::Wait::no);
  REQUIRE(taken);
  return std::move(taken).value();
}

}  // namespace

TEST_CASE("AD-09 one proxy at a time holds a home, and its text says who") {
  const test::TempHome temp;
  CHECK_FALSE(find_running(temp.home()));
  {
    auto first = take(temp.home(), Byte::serving, Kind::exclusive);
    REQUIRE(first);
    CHECK_FALSE(take(temp.home(), Byte::serving, Kind::exclusive));
    REQUIRE(find_running(temp.home()));
    CHECK(find_running(temp.home())->address.empty());  // it has not said anything yet

    REQUIRE_FALSE(first->announce({17, "127.0.0.1:8472", "/b.yaml"}));
    const auto running = find_ready(temp.home(), 0);
    REQUIRE(running);
    CHECK(running->pid == 17);
    CHECK(running->address == "127.0.0.1:8472");
    CHECK(running->bindings == "/b.yaml");
    CHECK(running->listen.empty());
    CHECK(running->manage.empty());

    RunningProxy more{17, "127.0.0.1:8472", "/b.yaml"};
    more.listen = {"127.0.0.1:8472", "unix:/run/k.sock"};
    more.manage = "127.0.0.1:8474";
    REQUIRE_FALSE(first->announce(more));
    CHECK(find_running(temp.home())->listen == more.listen);
    CHECK(find_running(temp.home())->manage == more.manage);
  }
  CHECK_FALSE(find_running(temp.home()));  // the text is still there, and counts no more
  CHECK(take(temp.home(), Byte::serving, Kind::exclusive));
}

TEST_CASE("a proxy that is starting is waited for no longer than asked") {
  const test::TempHome temp;
  auto lock = take(temp.home(), Byte::serving, Kind::exclusive);
  REQUIRE_FALSE(lock->announce({17, "", "/b.yaml"}));
  CHECK_FALSE(find_ready(temp.home(), 1));
}

TEST_CASE("many may use a proxy, and it sees when nobody does any more") {
  const test::TempHome temp;
  auto first = take(temp.home(), Byte::using_it, Kind::shared);
  auto second = take(temp.home(), Byte::using_it, Kind::shared);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(take(temp.home(), Byte::using_it, Kind::exclusive));
  first.reset();
  CHECK_FALSE(take(temp.home(), Byte::using_it, Kind::exclusive));
  CHECK(ServeLock::is_held(temp.home(), Byte::using_it, Kind::exclusive));
  second.reset();
  CHECK_FALSE(ServeLock::is_held(temp.home(), Byte::using_it, Kind::exclusive));
  CHECK(take(temp.home(), Byte::using_it, Kind::exclusive));
}

TEST_CASE("the bytes of the lock file are independent") {
  const test::TempHome temp;
  const auto serving = take(temp.home(), Byte::serving, Kind::exclusive);
  CHECK(take(temp.home(), Byte::looking, Kind::exclusive));
  CHECK(take(temp.home(), Byte::using_it, Kind::exclusive));
}

TEST_CASE("a lock file with other text in it is no proxy's word") {
  CHECK_FALSE(decode_running(""));
  CHECK_FALSE(decode_running("{"));
  CHECK_FALSE(decode_running("[]"));
  CHECK_FALSE(decode_running(R"({"pid":"x"})"));
  CHECK(decode_running(encode_running({5, "a:1", "/x", {}, {}, {}, "home"}))->audit == "home");
  CHECK(decode_running(encode_running({5, "a:1", "/x"}))->audit.empty());
  const auto read = decode_running(encode_running({5, "a:1", "/x \"y\""}));
  REQUIRE(read);
  CHECK(read->bindings == "/x \"y\"");
}

TEST_CASE("what ails a proxy is read back as it was said, and what is no such word is not") {
  RunningProxy proxy{17, "127.0.0.1:8472", "/b.yaml"};
  proxy.troubles.sources = {{"company", {"network", false, 1'700'000'000, 1'700'000'004}},
                            {"mint:K", {"token_endpoint_error:invalid_grant", true, 5, 0}}};
  proxy.troubles.clocks = {{"a.test:443", -90}, {"b.test:443", 3600}};
  proxy.troubles.more = 2;
  const auto read = decode_running(encode_running(proxy));
  REQUIRE(read);
  CHECK(read->troubles == proxy.troubles);
  CHECK(decode_running(encode_running({17, "a:1", "/x"}))->troubles == net::Troubles{});
  const auto other = decode_running(R"({"pid":1,"sources":[7,{"id":5}],"clocks":{},"more":-1})");
  REQUIRE(other);
  REQUIRE(other->troubles.sources.size() == 1);
  CHECK(other->troubles.sources[0].id.empty());
  CHECK(other->troubles.clocks.empty());
  CHECK(other->troubles.more == 0);
}

TEST_CASE("all that may ail a proxy has room in what is read of it", "[I10]") {
  const test::TempHome temp;
  auto lock = take(temp.home(), Byte::serving, Kind::exclusive);
  RunningProxy proxy{17, "127.0.0.1:8472", "/b.yaml"};
  const std::string name(256, 'n');
  proxy.troubles.sources.assign(base::bounds::kTroublesMax, {name, {name, true, 1, 2}});
  proxy.troubles.clocks.assign(base::bounds::kTroublesMax, {name + ":443", -90});
  REQUIRE_FALSE(lock->announce(proxy));
  const auto running = find_running(temp.home());
  REQUIRE(running);
  CHECK(running->troubles == proxy.troubles);
}

TEST_CASE("a proxy that is starting is not ready for signals") {
  CHECK_FALSE(RunningProxy{}.is_ready());
  CHECK_FALSE(decode_running(encode_running({5, "", "/x"}))->is_ready());
  CHECK(decode_running(encode_running({5, "a:1", "/x"}))->is_ready());
}

TEST_CASE("a lock file that was removed or replaced is there again, with what it said", "[I13]") {
  const test::TempHome temp;
  auto lock = take(temp.home(), Byte::serving, Kind::exclusive);
  REQUIRE(lock);
  REQUIRE_FALSE(lock->announce({17, "127.0.0.1:8472", "/b.yaml"}));
  std::filesystem::remove(temp.home().serve_lock());
  CHECK_FALSE(find_running(temp.home()));
  REQUIRE_FALSE(lock->keep_in_place(temp.home()));
  REQUIRE(find_running(temp.home()));
  CHECK(find_running(temp.home())->address == "127.0.0.1:8472");

  std::filesystem::remove(temp.home().serve_lock());
  static_cast<void>(temp.put("serve.lock",
                             "a text of somebody's that is much longer than ours: "
                             "0123456789012345678901234567890123456789"));
  REQUIRE_FALSE(lock->keep_in_place(temp.home()));
  REQUIRE(find_running(temp.home()));
  CHECK(find_running(temp.home())->pid == 17);
  CHECK_FALSE(take(temp.home(), Byte::serving, Kind::exclusive));
  REQUIRE_FALSE(lock->keep_in_place(temp.home()));
}

TEST_CASE("a lock that another took meanwhile is told of once", "[I13]") {
  const test::TempHome temp;
  auto lock = take(temp.home(), Byte::serving, Kind::exclusive);
  std::filesystem::remove(temp.home().serve_lock());
  auto other = take(temp.home(), Byte::serving, Kind::exclusive);
  REQUIRE(other);
  CHECK(lock->keep_in_place(temp.home()));
  CHECK_FALSE(lock->keep_in_place(temp.home()));
  other.reset();
  CHECK_FALSE(lock->keep_in_place(temp.home()));
  CHECK_FALSE(take(temp.home(), Byte::serving, Kind::exclusive));
}

TEST_CASE("a lock file that has another name keeps what is in it") {
  const test::TempHome temp;
  const std::string elsewhere = temp.put("elsewhere", "canary");
  std::filesystem::create_hard_link(elsewhere, temp.home().serve_lock());
  CHECK_FALSE(ServeLock::take(temp.home(), Byte::serving, Kind::exclusive, ServeLock::Wait::no));
  CHECK(std::filesystem::file_size(elsewhere) == 6);
}

TEST_CASE("VA-09 a lock file that is a link is not followed") {
  const test::TempHome temp;
  const std::string elsewhere = temp.put("elsewhere", "x");
  REQUIRE(symlink(elsewhere.c_str(), temp.home().serve_lock().c_str()) == 0);
  CHECK_FALSE(ServeLock::take(temp.home(), Byte::serving, Kind::exclusive, ServeLock::Wait::no));
}

}  // namespace keyswap::cli
