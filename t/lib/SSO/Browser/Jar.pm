# SPDX-License-Identifier: Apache-2.0
# Cookies by RFC 6265bis: host-only, Domain, Path, Secure, Max-Age before Expires, SameSite, the __Host- and __Secure-
# prefixes. A cookie that a browser would refuse is kept in `refused` with the reason, so that tests can see it.
package SSO::Browser::Jar;
use strict;
use warnings;

use Time::Local qw(timegm);

sub new { my ($class, %args) = @_; return bless {%args, cookies => [], refused => []}, $class }

sub all { @{$_[0]{cookies}} }
sub refused { @{$_[0]{refused}} }
sub clear {
    my ($self, $name) = @_;
    @{$self->{cookies}} = grep { defined $name && $_->{name} ne $name } @{$self->{cookies}};
    return;
}
sub names { return map { $_->{name} } @{$_[0]{cookies}} }

sub find {
    my ($self, $name, $url) = @_;
    my @all = defined $url ? $self->_matching($url, same_site => 1, top => 1, safe => 1) : $self->all;
    my ($cookie) = grep { $_->{name} eq $name } @all;
    return $cookie;
}

sub value { my ($self, $name, $url) = @_; my $cookie = $self->find($name, $url); return $cookie && $cookie->{value} }

# Changes or makes a cookie by hand, as an attacker at the keyboard would.
sub set {
    my ($self, $url, $name, $value, %more) = @_;
    my $u = SSO::Browser::split_url($url);
    $self->clear_one($name, $u->{host}, '/');
    push @{$self->{cookies}}, {name => $name, value => $value, domain => $u->{host}, host_only => 1, path => '/',
        made => 0, %more};
    return;
}

sub _is {
    my ($cookie, $name, $domain, $path) = @_;
    return $cookie->{name} eq $name && $cookie->{domain} eq $domain && $cookie->{path} eq $path;
}

sub clear_one {
    my ($self, $name, $domain, $path) = @_;
    @{$self->{cookies}} = grep { !_is($_, $name, $domain, $path) } @{$self->{cookies}};
    return;
}

# The Cookie header for a request; undef: none.
sub header {
    my ($self, $url, %context) = @_;
    my @found = sort { length $b->{path} <=> length $a->{path} || $a->{made} <=> $b->{made} }
        $self->_matching($url, %context);
    return @found ? join '; ', map { $_->{name} eq '' ? $_->{value} : "$_->{name}=$_->{value}" } @found : undef;
}

sub _matching {
    my ($self, $url, %context) = @_;
    my $u = SSO::Browser::split_url($url);
    my $now = time;
    @{$self->{cookies}} = grep { !defined $_->{expires} || $_->{expires} > $now } @{$self->{cookies}};
    return grep {
        my $c = $_;
        _domain_fits($u->{host}, $c) && _path_fits($u->{path}, $c->{path})
            && (!$c->{secure} || $self->_is_secure($u)) && _site_fits($c, %context)
    } @{$self->{cookies}};
}

sub _is_secure {
    my ($self, $u) = @_;
    return $u->{scheme} eq 'https'
        || ($self->{loopback_secure} && $u->{host} =~ /^(?:127\.|localhost$|\[::1\])|\.localhost$/);
}

sub _domain_fits {
    my ($host, $cookie) = @_;
    return 1 if $host eq $cookie->{domain};
    return !$cookie->{host_only} && $host =~ /\.\Q$cookie->{domain}\E$/;
}

sub _path_fits {
    my ($path, $want) = @_;
    return 1 if $path eq $want;
    return index($path, $want) == 0 && ($want =~ m{/$} || substr($path, length $want, 1) eq '/');
}

# RFC 6265bis 5.6.3: cross-site requests get None only, or Lax on a top-level navigation with a safe method. A cookie
# without SameSite counts as Lax (Chromium's two-minute exception for POST is not modelled: nothing may depend on it).
sub _site_fits {
    my ($cookie, %context) = @_;
    my $mode = $cookie->{samesite} // 'lax';
    return 1 if $context{same_site} || $mode eq 'none';
    return $mode eq 'lax' && $context{top} && $context{safe};
}

# One Set-Cookie line of an answer from `url`.
sub take {
    my ($self, $url, $line, %context) = @_;
    my $u = SSO::Browser::split_url($url);
    my ($pair, @attributes) = split /;/, $line;
    my ($name, $value) = ($pair // '') =~ /=/ ? split /=/, $pair, 2 : ('', $pair // '');
    s/^[ \t]+|[ \t]+$//g for $name, $value;
    my %cookie = (name => $name, value => $value, domain => $u->{host}, host_only => 1, line => $line,
        made => ++$self->{count});
    for my $attribute (@attributes) {
        my ($key, $text) = map { s/^[ \t]+|[ \t]+$//gr } split /=/, $attribute, 2;
        $self->_attribute(\%cookie, lc($key // ''), $text // '');
    }
    $cookie{path} = $u->{path} =~ m{^(/.*)/[^/]*$} ? $1 : '/' if ($cookie{path} // '') !~ m{^/};
    my $why = $self->_why_not(\%cookie, $u, %context);
    if ($why) { push @{$self->{refused}}, {%cookie, why => $why}; return }
    my ($old) = grep { _is($_, @cookie{qw(name domain path)}) } $self->all;
    $cookie{made} = $old->{made} if $old;
    $self->clear_one($name, $cookie{domain}, $cookie{path});
    push @{$self->{cookies}}, \%cookie if !defined $cookie{expires} || $cookie{expires} > time;
    return;
}

sub _attribute {
    my ($self, $cookie, $key, $text) = @_;
    if ($key eq 'path') { $cookie->{path} = $text }
    elsif ($key eq 'secure') { $cookie->{secure} = 1 }
    elsif ($key eq 'httponly') { $cookie->{httponly} = 1 }
    elsif ($key eq 'partitioned') { $cookie->{partitioned} = 1 }
    elsif ($key eq 'samesite') { $cookie->{samesite} = lc $text }
    elsif ($key eq 'domain' && $text ne '') {
        @$cookie{qw(domain host_only asked_domain)} = (lc($text) =~ s/^\.//r, 0, 1);
    }
    elsif ($key eq 'max-age' && $text =~ /^-?\d+$/) { @$cookie{qw(expires by_age)} = ($text > 0 ? time + $text : 0, 1) }
    elsif ($key eq 'expires' && !$cookie->{by_age}) { $cookie->{expires} = _date($text) }
    return;
}

my %month = do { my $n = 0; map { $_ => $n++ } qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec) };

sub _date {
    my ($text) = @_;
    my ($day, $month, $year, $h, $m, $s) = $text =~ /(\d{1,2})[ -](\w{3})[ -](\d{4}) (\d\d):(\d\d):(\d\d)/ or return;
    return eval { timegm($s, $m, $h, $day, $month{$month}, $year) };
}

sub _why_not {
    my ($self, $cookie, $u, %context) = @_;
    my ($name, $secure_origin) = ($cookie->{name}, $self->_is_secure($u));
    return 'name and value are over 4096 bytes' if length($name) + length($cookie->{value}) > 4096;
    return 'control character' if "$name$cookie->{value}" =~ /[\x00-\x08\x0a-\x1f\x7f]/;
    return 'Domain does not cover the host' if $cookie->{asked_domain} && !_domain_fits($u->{host}, $cookie);
    return 'Domain on an address'
        if $cookie->{asked_domain} && $u->{host} =~ /^[\d.]+$/ && $cookie->{domain} ne $u->{host};
    return 'Secure from an insecure origin' if $cookie->{secure} && !$secure_origin;
    return 'SameSite=None without Secure' if ($cookie->{samesite} // '') eq 'none' && !$cookie->{secure};
    return '__Secure- without Secure' if $name =~ /^__secure-/i && !$cookie->{secure};
    return '__Host- needs Secure, Path=/ and no Domain'
        if $name =~ /^__host-/i && !($cookie->{secure} && $cookie->{host_only} && $cookie->{path} eq '/'
            && $cookie->{line} =~ /;\s*path=\/\s*(?:;|$)/i);
    return 'SameSite cookie in a cross-site subrequest'
        if defined $context{same_site} && !$context{same_site} && !$context{top}
            && ($cookie->{samesite} // 'lax') ne 'none';
    return;
}

1;
