# SPDX-License-Identifier: Apache-2.0
# Any number of tabs, one login cookie; the back button; a callback that comes twice; what happens when cookies are lost.
use lib 't/lib';
use SSO::Test;

my $site = site();
my $url = sub { $site->url("/protected/$_[0]") };
sub login_cookies { return grep { $_->{name} =~ /-login-/ } $_[0]->jar->all }
sub tokens { return scalar grep { $_->{path} eq q(/token) } $site->op->requests }

subtest 'twenty tabs, opened before the first is finished' => sub {
    my $browser = $site->new_browser;
    my @tabs = map { $browser->get($url->("page$_?tab=$_")) } 1 .. 20;
    is scalar(grep { $_->status == 302 } @tabs), 20, 'each is sent to the provider';
    is scalar(login_cookies($browser)), 1, 'they share one login cookie';
    my @answers = map { $browser->follow($_) } @tabs;
    my $spent = tokens();
    for my $n (1 .. 20) {
        my $page = $browser->settle($answers[$n - 1]);
        is $page->status, 200, "tab $n is in";
        is sent($page)->{url}, "/protected/page$n?tab=$n", '… where it wanted to go';
    }
    is tokens() - $spent, 1, 'one code was spent; the others found the session';
};

subtest 'two first tabs at once have one cookie each, and both end well' => sub {
    my $browser = $site->new_browser;
    my @tabs = map { $browser->get($url->($_), cookies => 0) } qw(a b);
    is scalar(login_cookies($browser)), 2, 'two login cookies';
    is sent($browser->settle($browser->follow($tabs[1])))->{url}, '/protected/b', 'the second tab';
    is sent($browser->settle($browser->follow($tabs[0])))->{url}, '/protected/a', 'the first tab';
};

subtest 'at most four login cookies' => sub {
    my $browser = $site->new_browser;
    $browser->get($url->("tab$_"), cookies => 0) for 1 .. 6;
    is scalar(login_cookies($browser)), 6, 'six tabs at once leave six';
    $browser->get($url->('one-more'));
    cmp_ok scalar(login_cookies($browser)), '<=', 4, 'the next login clears up';
};

subtest 'the back button on a finished callback' => sub {
    my $browser = $site->new_browser;
    my $page = login($site, '/protected/back', browser => $browser);
    my ($callback) = grep { $_->url =~ m{/sso/callback} } $page->hops;
    my $cookie = $site->session_cookie($browser)->{value};
    my $spent = tokens();
    my $again = $browser->settle($browser->get($callback->url));
    is $again->status, 200, 'goes to the page';
    is sent($again)->{url}, '/protected/back', '… it was for';
    is tokens(), $spent, 'the code is not spent again';
    is $site->session_cookie($browser)->{value}, $cookie, 'and the session stays as it is';
};

subtest 'a long return path survives' => sub {
    my $long = 'search?q=' . 'x' x 1500;
    my $page = login($site, "/protected/$long", browser => my $browser = $site->new_browser);
    is sent($page)->{url}, "/protected/$long", 'in a cookie of its own';
    is scalar(grep { $_->{name} =~ /-return-/ } $browser->jar->all), 0, '… that is gone afterwards';
};

subtest 'state is at most 600 characters of base64url' => sub {
    my $state = SSO::Browser::query_of($site->new_browser->get($url->('p' x 250))->location)->{state};
    cmp_ok length $state, '<=', 600, 'length ' . length $state;
    like $state, qr/\A[A-Za-z0-9_.-]+\z/, 'characters';
};

subtest 'another browser cannot finish a login (login CSRF)' => sub {
    my $answer = $site->browser->follow($site->browser->get($url->('theirs')));
    my $victim = $site->new_browser;
    my $page = $victim->get($answer->location, from => $site->op->issuer);
    refused $site, $page->{browser} ? $page : do { $page->{browser} = $victim; $page }, qr/^400$/, 'login-cookie-absent',
        'a browser without the login cookie';
    like $page->body, qr/Sign-in needs cookies/, 'it is told what is missing';
};

subtest 'a login cookie of another login: a page, nothing is begun again' => sub {
    my $browser = $site->new_browser;
    my $first = $browser->get($url->('lost'));
    $browser->jar->clear;
    $browser->get($url->('other'));
    my $back = $browser->get($browser->follow($first)->location, from => $site->op->issuer);
    is $back->status, 400, 'refused';
    like $back->body, qr{href="/protected/lost}, 'the person may begin again';
    expect_log $site, qr/SSO204: .*reason=login-cookie-other/, 'and the log says why';
};
done_testing;
