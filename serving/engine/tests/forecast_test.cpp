// What is expected of running sequences, and whether one more finds pages to its end. Pages of 10 tokens.
#include "scheduler/forecast.h"

#include <gtest/gtest.h>

namespace nim {
namespace {

constexpr int kPageTokens = 10;

/// With `outputs` of at most `most` tokens so far.
SequencePtr sequence(int prompt, int outputs, int most, int shared_pages = 0) {
  auto request = std::make_shared<Request>();
  request->prompt.assign(static_cast<std::size_t>(prompt), 1);
  auto s = std::make_shared<Sequence>();
  s->request = request;
  s->tokens.assign(static_cast<std::size_t>(prompt + outputs), 1);
  s->max_length = prompt + most;
  s->pages.assign(static_cast<std::size_t>((prompt + outputs + kPageTokens - 1) / kPageTokens), 0);
  s->shared = shared_pages;
  return s;
}

Forecast after(std::initializer_list<int> outputs) {
  Forecast forecast(kPageTokens);
  for (const int length : outputs) {
    forecast.ended(length);
  }
  return forecast;
}

TEST(Forecast, ExpectsWhatTheLimitAllowsUntilSomethingIsKnown) {
  EXPECT_EQ(after({}).rest(*sequence(100, 0, 300)), 300);
  EXPECT_EQ(after({}).rest(*sequence(100, 200, 300)), 100);
  EXPECT_EQ(after({}).rest(*sequence(100, 0, 100'000)), 1024);
}

TEST(Forecast, ExpectsTheMeanOfWhatHasEnded) {
  EXPECT_EQ(after({10, 30}).rest(*sequence(100, 0, 300)), 20);
  EXPECT_EQ(after({10, 30}).rest(*sequence(100, 15, 300)), 6);  // a quarter of it at least
  EXPECT_EQ(after({10, 30}).rest(*sequence(100, 200, 300)), 6);
  EXPECT_EQ(after({10, 30}).rest(*sequence(100, 298, 300)), 2);
}

TEST(Forecast, ForgetsWhatIsLongAgo) {
  Forecast forecast = after({100'000});
  for (int i = 0; i < 64; ++i) {
    forecast.ended(8);
  }
  EXPECT_EQ(forecast.rest(*sequence(100, 0, 300)), 8);
}

TEST(Forecast, CountsPagesToTheEnd) {
  // Two sequences of 4 pages that grow by 5 together.
  Forecast forecast(kPageTokens);
  const std::vector running{sequence(40, 0, 50)};
  EXPECT_TRUE(forecast.fits(running, *sequence(40, 0, 50), 18, 14));
  EXPECT_FALSE(forecast.fits(running, *sequence(40, 0, 50), 17, 13));
}

TEST(Forecast, CountsPagesThatComeBackInTime) {
  // The first ends after 10 more tokens and gives 14 pages back, long before the second has grown.
  Forecast forecast(kPageTokens);
  const std::vector running{sequence(40, 90, 100)};
  EXPECT_TRUE(forecast.fits(running, *sequence(40, 0, 100), 19, 6));
  EXPECT_FALSE(forecast.fits(running, *sequence(40, 0, 100), 18, 5));
}

TEST(Forecast, CountsSharedPagesOnce) {
  Forecast forecast(kPageTokens);
  const std::vector running{sequence(100, 0, 10), sequence(100, 0, 10, 9)};
  // 10 and 1 pages, 2 for growth; 11 and 1 more for the new one.
  EXPECT_TRUE(forecast.fits(running, *sequence(100, 0, 10), 24, 13));
  EXPECT_FALSE(forecast.fits(running, *sequence(100, 0, 10), 23, 12));
}

TEST(Forecast, PagesWhoseFirstOwnerHasEndedStayHeld) {
  Forecast forecast(kPageTokens);
  const std::vector running{sequence(100, 0, 10, 9)};
  EXPECT_TRUE(forecast.fits(running, *sequence(100, 0, 10), 22, 12));  // 10 of 22 are in use, 9 of them shared
  EXPECT_FALSE(forecast.fits(running, *sequence(100, 0, 10), 21, 11));
}

}  // namespace
}  // namespace nim
