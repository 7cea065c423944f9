from edge_server.appliance.banner import pin_banner, start_banner


def test_the_banner_shows_where_the_box_is() -> None:
    banner = start_banner(
        "http://localhost:8080", ["https://192.168.1.20:8443"], "tiny", "about 7 live voices on this box"
    )
    assert "about 7 live voices on this box" in banner
    assert "http://localhost:8080" in banner
    assert "https://192.168.1.20:8443" in banner


def test_the_banner_names_what_an_invitation_has_to_be_told() -> None:
    plain = start_banner(None, [], "tiny", "")
    assert "scripts/run invite --role owner\n" in plain
    assert "invite --role owner --https-port 8453\n" in start_banner(None, [], "tiny", "", " --https-port 8453")


def test_the_pin_and_its_link_are_shown_with_a_square_code() -> None:
    banner = pin_banner("012345", "https://192.168.1.20:8443")
    assert "PIN 012 345" in banner
    assert "https://192.168.1.20:8443/#pin=012345" in banner
    drawing = [line for line in banner.splitlines() if "█" in line]
    assert len({len(line) for line in drawing}) == 1
    assert len(drawing) > 12
