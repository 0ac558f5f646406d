// SPDX-License-Identifier: Apache-2.0
//
// The audit log by the API: pages of it from the newest back, all of it as CSV, live.
#include <fstream>
#include <future>
#include <string>

#include "audit/segment.h"
#include "proxy/base/manage_bounds.h"
#include "proxy/manage/handlers.h"
#include "proxy/manage/live.h"
#include "test/manage/support.h"

namespace keyswap::manage {

using test::World;

namespace {

std::string line_of(std::uint64_t seq, const std::string& rest) {
  return R"({"v":1,"seq":)" + std::to_string(seq) + "," + rest + "}\n";
}

const std::string kAllowed = R"("type":"inject_decision","decision":"allowed")";
const std::string kRefused = R"("type":"inject_decision","decision":"refused")";
const std::string kEnd = R"("type":"upstream_response","status":200)";

services::AnswerRest::Piece next_of(services::AnswerRest& rest) {
  auto came = std::make_shared<std::promise<services::AnswerRest::Piece>>();
  rest.next([came](services::AnswerRest::Piece piece) { came->set_value(std::move(piece)); });
  return came->get_future().get();
}

// A log that the test writes.
struct Logged : World {
  std::string folder = dir.file("audit");

  Logged() {
    std::filesystem::create_directory(folder);
    set_password();
    token = token_of(log_in(kPassword));
    auto& log_view = manager.around.log;
    log_view.folder = folder;
    log_view.signed_to = [] {
      return std::uint64_t{5};
    };
    log_view.wants = [](const Query& query) -> base::Result<LogView::Wants> {
      const auto wanted = query.find("secret");
      if (query.size() > (wanted == query.end() ? 0U : 1U)) {
        return base::Error{base::Errc::invalid_input, "not that"};
      }
      const std::string text = wanted == query.end() ? "" : wanted->second;
      return LogView::Wants(
          [text](std::string_view line) { return line.find(text) != std::string_view::npos; });
    };
    log_view.csv_heading = [] {
      return std::string("line\r\n");
    };
    log_view.csv_row = [](std::string_view line) {
      return std::string(line) + "\r\n";
    };
  }

  void write(std::uint32_t segment, const std::string& text) const {
    std::ofstream out(audit::path_of(folder, audit::segment_name(segment)),
                      std::ios::binary | std::ios::app);
    out << text;
    REQUIRE(out.flush().good());
  }

  // What a client gets that reads all of it.
  std::string read_all(const std::shared_ptr<services::AnswerRest>& rest) const {
    std::string text;
    for (;;) {
      auto came = std::make_shared<std::promise<services::AnswerRest::Piece>>();
      rest->next([came](services::AnswerRest::Piece piece) { came->set_value(std::move(piece)); });
      const auto piece = came->get_future().get();
      text += piece.bytes;
      if (piece.is_last || piece.is_broken) {
        return text + (piece.is_broken ? "BROKEN" : "");
      }
    }
  }
};

std::string entries_of(const std::string& body) {
  return body.substr(0, body.find("],\"next\"") + 1);
}

}  // namespace

TEST_CASE("the log is paged from its newest record back, by the place where the last page ended") {
  Logged world;
  world.write(1, line_of(1, kAllowed) + line_of(2, R"("secret":"KEY")"));
  world.write(2, line_of(3, kRefused) + line_of(4, kAllowed) + line_of(5, kEnd));
  const auto first = world.ask("GET", "/api/audit?limit=2");
  CHECK(first.status == 200);
  CHECK(first.body == R"({"entries":[{"v":1,"seq":5,)" + kEnd + R"(},{"v":1,"seq":4,)" + kAllowed +
                          R"(}],"next":4,"signed_to":5})" + "\n");
  const auto second = world.ask("GET", "/api/audit?limit=3&before=4");
  CHECK(second.body.find(R"("seq":3)") < second.body.find(R"("seq":2)"));
  CHECK(second.body.find(R"("seq":2)") < second.body.find(R"("seq":1)"));
  CHECK(world.ask("GET", "/api/audit?before=1").body.starts_with(R"({"entries":[],"next":null)"));
  CHECK(entries_of(world.ask("GET", "/api/audit?secret=KEY").body) ==
        R"({"entries":[{"v":1,"seq":2,"secret":"KEY"}])");
  for (const char* const query : {"?before=x", "?limit=-1", "?limit=1e3", "?other=1"}) {
    CHECK(world.ask("GET", std::string("/api/audit") + query).status == 400);
  }
}

TEST_CASE("a page has at most so many records, whatever is asked for", "[I10]") {
  Logged world;
  std::string text;
  for (std::uint64_t seq = 1; seq <= 300; ++seq) {
    text += line_of(seq, kAllowed);
  }
  world.write(1, text);
  const auto body = world.ask("GET", "/api/audit?limit=100000").body;
  CHECK(body.find(R"("next":101,)") != std::string::npos);
}

TEST_CASE("without a log its routes say so") {
  World world;
  world.set_password();
  world.token = World::token_of(world.log_in(World::kPassword));
  for (const char* const target :
       {"/api/audit", "/api/audit/export", "/api/audit/verify", "/api/audit/stream"}) {
    CHECK(world.ask("GET", target).status == 503);
  }
}

TEST_CASE("the export is all of it in its order, and says whether it was cut") {
  Logged world;
  world.write(1, line_of(1, kAllowed) + line_of(2, kRefused));
  world.write(2, line_of(3, kAllowed) + R"({"v":1,"seq":4)");
  const Answer answer = export_records(world.manager, {});
  REQUIRE(answer.rest != nullptr);
  CHECK(answer.type == "text/csv; charset=utf-8");
  CHECK(answer.fields.at(0).second.starts_with("attachment; filename=\"audit-log-2025"));
  CHECK(answer.fields.at(1) ==
        std::pair<std::string_view, std::string>("X-Export-Row-Limit", "100000"));
  CHECK(answer.fields.at(2).second == "false");
  std::string wanted = "line\r\n";
  for (const auto& [seq, rest] : {std::pair(1, kAllowed), {2, kRefused}, {3, kAllowed}}) {
    const std::string line = line_of(static_cast<std::uint64_t>(seq), rest);
    wanted += line.substr(0, line.size() - 1) + "\r\n";
  }
  CHECK(world.read_all(answer.rest) == wanted);
}

TEST_CASE("an export of a log that cannot be read to its end does not look whole", "[I13]") {
  Logged world;
  std::string text;
  for (std::uint64_t seq = 1; seq <= 2000; ++seq) {
    text += line_of(seq, kAllowed);
  }
  world.write(1, text);
  world.write(2, line_of(2001, kAllowed));
  const Answer answer = export_records(world.manager, {});
  REQUIRE(answer.rest != nullptr);
  std::filesystem::remove(audit::path_of(world.folder, audit::segment_name(2)));
  world.write(3, line_of(2002, kAllowed));
  CHECK(world.read_all(answer.rest).ends_with("BROKEN"));
}

TEST_CASE("who looks on is told what is new, refusals first, and what was left out", "[I10]") {
  Logged world;
  LogTail tail(world.folder);
  CHECK(tail.read().last_seq == 0);
  world.write(1, line_of(1, kAllowed) + line_of(2, kAllowed));
  CHECK(tail.read().lines.empty());
  CHECK(tail.read().last_seq == 0);
  world.write(1, line_of(3, kAllowed) + R"({"v":1,"seq":4)");
  auto news = tail.read();
  CHECK(news.lines ==
        std::vector<std::string>{line_of(3, kAllowed).substr(0, line_of(3, kAllowed).size() - 1)});
  world.write(1,
              R"(,"type":"start"})"
              "\n");
  world.write(2, line_of(5, kEnd));
  news = tail.read();
  CHECK(news.last_seq == 5);
  REQUIRE(news.lines.size() == 2);
  CHECK(news.lines[0].find(R"("seq":4,)") != std::string::npos);
  std::string many;
  for (std::uint64_t seq = 6; seq <= 1005; ++seq) {
    many += line_of(seq, seq == 900 ? kRefused : seq % 2 == 0 ? kAllowed : kEnd);
  }
  world.write(2, many);
  news = tail.read();
  CHECK(news.last_seq == 1005);
  CHECK(news.lines.size() == base::bounds::kManageViewRecordsMax);
  CHECK(news.lines.back().find(R"("seq":900,)") != std::string::npos);
}

TEST_CASE("a stream of records begins, goes on, and ends with its session") {
  Logged world;
  world.manager.live.set_folder(world.folder);
  world.write(1, line_of(1, kAllowed));
  const NewSession made = world.manager.sessions.begin(Scope::view);
  const auto rest = world.manager.live.join(made.session);
  REQUIRE(rest != nullptr);
  const auto next = [&] {
    return next_of(*rest);
  };
  CHECK(next().bytes == "retry: 2000\nevent: begin\ndata: {\"seq\":1}\n\n");
  world.write(1, line_of(2, kRefused));
  const std::string line = line_of(2, kRefused);
  CHECK(next().bytes == "id: 2\ndata: " + line + "\n");
  REQUIRE(world.manager.sessions.end(made.token));
  const auto last = next();
  CHECK(last.is_last);
  CHECK(last.bytes == "event: end\ndata: {}\n\n");
}

TEST_CASE("a stream of records ends where the password is forgotten, but its owner's goes on") {
  Logged world;
  world.manager.live.set_folder(world.folder);
  const auto rest = world.manager.live.join(world.manager.sessions.begin(Scope::view).session);
  const auto owners = world.manager.live.join({.id = std::string(kOwnerSession)});
  REQUIRE(rest != nullptr);
  REQUIRE(owners != nullptr);
  CHECK_FALSE(next_of(*rest).is_last);
  REQUIRE(vault::drop_manage_password(world.vault));
  const auto last = next_of(*rest);
  CHECK(last.is_last);
  CHECK(last.bytes == "event: end\ndata: {}\n\n");
  CHECK_FALSE(next_of(*owners).is_last);
}

TEST_CASE("more than so many do not look on at once", "[I10]") {
  Logged world;
  world.manager.live.set_folder(world.folder);
  std::vector<std::shared_ptr<services::AnswerRest>> viewers;
  const Session session{.id = std::string(kOwnerSession), .scope = Scope::admin};
  for (std::size_t i = 0; i < base::bounds::kManageViewersMax; ++i) {
    viewers.push_back(world.manager.live.join(session));
    REQUIRE(viewers.back() != nullptr);
  }
  CHECK(world.manager.live.join(session) == nullptr);
  viewers.pop_back();
  CHECK(world.manager.live.join(session) != nullptr);
}

}  // namespace keyswap::manage
